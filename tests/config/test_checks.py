"""What is wrong with a configuration: one case a check, each with its line, its code and the words that mend it."""

from pathlib import Path

import pytest

from leadhub import config
from leadhub.errors import ConfigError

BASE = """version = 1

[defaults]
trust = "sfdc"

[system.sfdc]
plugin = "salesforce"

[system.hub]
plugin = "hubspot"

[system.fair]
plugin = "files"
mode = "read"

"""
OWNER = 'on_create = { owner = "assignment_rules" }\n'


def problems(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "leadhub.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(folder, {})
    return caught.value.problems


def accepted(folder: Path, text: str) -> config.Deployment:
    (folder / "leadhub.toml").write_text(text, encoding="utf-8")
    return config.load(folder, {})


FAULTS = {
    "M17 owner": ("[fields.score]\nowner = 'fair'\n", 17, 'M17 fair is mode = "read" but owns field score.'),
    "M17 allow": ("[system.x]\nplugin = 'p'\nmode = 'read'\nallow = ['convert']\n", 19, "M17 x is mode"),
    "M17 required_defaults": ("[system.x]\nplugin = 'p'\nmode = 'read'\nrequired_defaults = { Company = '-' }\n", 19, "M17 x is mode"),
    "M18 derived": ("[fields.full_name]\nowner = 'hub'\n", 16, "M18 full_name is derived from first_name and last_name; it cannot have an owner"),
    "M18 state": ("[fields.stage]\nowner = 'hub'\n", 16, "M18 stage is part of the lead's state"),
    "M21 row": (
        '[system.x]\nplugin = "p"\nrequired_defaults = { Rating = "?" }\n[[system.x.field.Rating.map]]\nvalue = "?"\nstage = ["lead"]\n',
        19,
        'M21 x.required_defaults writes "?" into Rating and reads it back as blank, but system.x.field.Rating gives it a meaning.',
    ),
    "M21 value": (
        '[fields.tier]\nx = { native = "Lead.Tier__c", values = { A = ["-"] } }\n[system.x]\nplugin = "p"\nrequired_defaults = { Tier__c = "-" }\n',
        17,
        "M21 x.required_defaults",
    ),
    "M23 merge": ("[fields.phone]\nmerge = 'latest'\n", 17, 'M23 merge = "latest" is not known. Did you mean "edit"?'),
    "M23 merge near": (
        "[fields.phone]\nmerge = 'frist'\n",
        17,
        'M23 fields.phone.merge = "frist" is not known. Did you mean "first"? Known: edit, owner,',
    ),
    "M23 owner": ("[fields.phone]\nowner = 'hubb'\n", 17, 'M23 fields.phone.owner names "hubb", which is no system here. Did you mean "hub"?'),
    "M23 create from": (
        f'[system.x]\nplugin = "p"\n{OWNER}create = "when"\ncreate_when = {{ from = ["froms"] }}\n',
        20,
        "M23 system.x.create_when.from names",
    ),
    "M14": (
        '[[settle]]\nfield = "phone"\nrule = "prefer"\nsystem = "sfdc"\nvalue = "1"\nhub = "2"\n[[settle]]\nfield = "phone"\nrule = "prefer"\nsystem = "hub"\n',
        22,
        'M14 the rules settle.0 and settle.1 of phone form a circle: sfdc wins where it shows "1" against "2", and hub where it shows "2" against "1"',
    ),
    "M24 newest": (
        "[fields.phone]\nconflict = 'newest'\n",
        17,
        'M24 conflict = "newest" is not offered: two systems stamp a change by clocks of their own',
    ),
    "M24 top": ("[filds.phone]\nowner = 'hub'\n", 16, 'M24 unknown key "filds" in the file. Did you mean "fields"?'),
    "M24 system of a field": (
        "[fields.tier]\nsfdc = 'Tier__c'\nhubb = 'tier'\n",
        18,
        'M24 unknown key "hubb" in fields.tier: it is neither an option nor a system here. Did you mean "hub"?',
    ),
    "M24 option of a field": (
        "[fields.phone]\nownr = 'hub'\n",
        17,
        'M24 unknown key "ownr" in fields.phone: it is neither an option nor a system here. Did you mean "owner"?',
    ),
    "M24 no such field": ("[fields.job_titel]\nowner = 'hub'\n", 16, 'M24 leadhub has no field "job_titel". Did you mean "job_title"?'),
    "M24 fixed type": ("[fields.phone]\ntype = 'text'\n", 17, "M24 type is for fields of your own; that of phone is fixed."),
    "M24 type": ("[fields.tier]\nsfdc = 'T'\ntype = 'txt'\n", 18, 'M24 fields.tier.type = "txt" is not known. Did you mean "text"?'),
    "M24 enum": ("[fields.tier]\nsfdc = 'T'\ntype = 'enum'\n", 16, 'M24 type = "enum" needs values'),
    "M24 value of an enum": (
        "[fields.tier]\ntype = 'enum'\nvalues = ['A']\nsfdc = { native = 'T', values = { AA = ['x'] } }\n",
        19,
        'M24 "AA" is not a value of tier. Did you mean "A"? Values: A.',
    ),
    "M24 settle": (
        '[[settle]]\nfield = "phone"\nrule = "keep"\n[[settle]]\nfield = "fone"\nrule = "keep"\n',
        20,
        'M24 settle.1.field names "fone", which is no field of leadhub.',
    ),
    "M24 key of settle": (
        '[[settle]]\nfield = "phone"\nrule = "keep"\nvalu = "x"\n',
        19,
        'M24 unknown key "valu" in settle.0. Did you mean "value"?',
    ),
    "M24 key of a native table": (
        "[fields.tier]\nsfdc = { native = 'T', valus = {} }\n",
        17,
        'M24 unknown key "valus" in fields.tier.sfdc. Did you mean "values"?',
    ),
    "M24 mode": ("[system.x]\nplugin = 'p'\nmode = 'rw'\n", 18, 'M24 system.x.mode = "rw" is not known.'),
    "M24 create fields": (
        f'[system.x]\nplugin = "p"\n{OWNER}create = "when"\ncreate_when = {{ fields = ["emial"] }}\n',
        20,
        'M24 system.x.create_when.fields names "emial"',
    ),
    "M24 skip": ("[stages]\nskip = ['customer']\n", 17, "M24 customer cannot be skipped: only a customer can be churned."),
    "M24 skip unknown": (
        "[stages]\nskip = ['sla']\n",
        17,
        'M24 stages.skip.0 = "sla" is not known. Did you mean "sal"? Known: mql, sal, sql, advocate.',
    ),
    "M25": ("[stages]\nskip = ['sal']\nsla = { sal = '1h' }\n", 18, "M25 stages.sla.sal is set but sal is skipped."),
    "sla": ("[stages]\nsla = { mql = 'soon' }\n", 17, "stages.sla.mql: a length of time is a number with m, h or d behind it"),
    "sla of no stage": ("[stages.sla]\nmsq = '4h'\n", 17, 'M24 "msq" is not known in stages.sla. Did you mean "mql"?'),
    "region": ("[system.x]\nplugin = 'p'\n", 5, "defaults.region: a country is two capital letters of ISO 3166-1"),
    "stage": (
        f'[system.x]\nplugin = "p"\n{OWNER}create = "when"\ncreate_when = {{ stage = ">=msq" }}\n',
        20,
        '">=msq" is not a stage. Did you mean "mql"?',
    ),
    "create without an owner": (
        '[system.x]\nplugin = "p"\ncreate = "when"\ncreate_when = { stage = "mql" }\n',
        18,
        "x may create records, but nothing says whose they become.",
    ),
    "when without a condition": (f'[system.x]\nplugin = "p"\n{OWNER}create = "when"\n', 19, 'x: create = "when" needs create_when'),
    "condition without when": (
        f'[system.x]\nplugin = "p"\n{OWNER}create = "always"\ncreate_when = {{ stage = "mql" }}\n',
        20,
        'x: create_when says nothing while create = "always".',
    ),
    "empty condition": (
        f'[system.x]\nplugin = "p"\n{OWNER}create = "when"\ncreate_when = {{}}\n',
        20,
        "system.x.create_when: it needs stage, fields or from",
    ),
    "scope": (
        "[system.x]\nplugin = 'p'\nscope = { Type = 1.5 }\n",
        18,
        'system.x.scope.Type: a condition is a value, a list of values, { not = ["…"] }, "present" or "absent".',
    ),
    "owner map": (
        '[system.x]\nplugin = "p"\nowner_map = { "Ann Lee" = "ann" }\n',
        18,
        "system.x.owner_map.Ann Lee: the right-hand side is the e-mail address",
    ),
    "strict": ("[fields.phone]\nstrict = true\n", 16, 'fields.phone: strict = true needs owner = "…"'),
    "review and prefer": (
        "[fields.phone]\nconflict = 'review'\nprefer = 'hub'\n",
        16,
        'fields.phone: conflict = "review" asks a person, and prefer takes',
    ),
    "prefer nobody": ('[[settle]]\nfield = "phone"\nrule = "prefer"\n', 16, 'settle.0: rule = "prefer" needs system'),
    "a list is meant": ("[fields.tier]\nsfdc = { native = 'T', values = { A = 'x' } }\n", 17, 'fields.tier.sfdc.values.A has to be a list: ["…"].'),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_is_told_with_line_code_and_mend(tmp_path: Path, case: str) -> None:
    """One fault, one sentence: a person finds the line and knows what to write there."""
    text, line, expected = FAULTS[case]
    whole = BASE.replace('trust = "sfdc"', 'trust = "sfdc"\nregion = "USA"') + text if case == "region" else BASE + text
    (found,) = problems(tmp_path, whole)
    assert found.startswith(f"leadhub.toml:{line}: "), found
    assert expected in found


@pytest.mark.parametrize(
    "rules",
    [
        'system = "sfdc"\n[[settle]]\nfield = "phone"\nrule = "prefer"\nsystem = "hub"\n',  # the first decides everything
        'system = "sfdc"\nvalue = "1"\nhub = "2"\n[[settle]]\nfield = "phone"\nrule = "prefer"\nsystem = "hub"\nvalue = "3"\nhub = "2"\n',
        'system = "sfdc"\nvalue = "1"\nhub = "2"\n[[settle]]\nfield = "fax"\nrule = "prefer"\nsystem = "hub"\n',
    ],
)
def test_rules_that_do_not_take_each_other_back_are_no_circle(tmp_path: Path, rules: str) -> None:
    """M14: a rule that is never reached, other values, or another field make no circle."""
    (tmp_path / "leadhub.toml").write_text(f'{BASE}[[settle]]\nfield = "phone"\nrule = "prefer"\n{rules}', encoding="utf-8")
    assert len(config.load(tmp_path, {}).document.settle) == 2


def test_all_of_them_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Seven faults in one file are seven sentences."""
    several = [name for name in FAULTS if not name.startswith(("region", "stage")) and FAULTS[name][0].startswith("[fields.phone]")]
    tables = {
        name: FAULTS[name][0].replace("phone", f"{field}")
        for name, field in zip(several, ("mobile", "fax", "company", "city", "email", "website", "linkedin"), strict=False)
    }
    found = problems(tmp_path, BASE + "".join(tables.values()))
    assert len(found) == len(tables) == 7
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)


def test_the_whole_of_it_in_one_file(tmp_path: Path) -> None:
    """Everything that can be said is read as it is meant."""
    text = (
        BASE.replace('trust = "sfdc"', 'trust = "sfdc"\nregion = "DE"').replace("version = 1", 'version = 1\non_failure = "notify-send leadhub"')
        + """[stages]
skip = ["sal"]
sla = { lead = "24h", mql = "4h", opportunity = "30d" }

[system.erp]
plugin = "p"
scope = { Type = ["A", "B"], IsTest = { not = [true] }, "Lead.Email" = "present" }
create = "when"
create_when = { stage = ">=mql", fields = ["email"], from = ["fair"] }
create_cap = 10
on_create = { owner = "assignment_rules" }
owner_map = { "Ann Lee" = "Ann@Acme.example" }
owner_fallback = "pool@acme.example"
required_defaults = { Company = "[not provided]" }
own_setting = 7

[fields.tier]
type = "enum"
values = ["A", "B"]
lossy = true
entity = "lead"
sfdc = { native = "Tier__c", values = { A = ["Gold", "Platinum"], B = ["Silver"] } }
erp = ["Lead.tier", "Contact.rank"]
hub = false

[fields.phone]
owner = "hub"
strict = true
clear = "propagate"

[[settle]]
field = "company"
rule = "prefer"
system = "sfdc"
value = ""
"""
    )
    deployment = accepted(tmp_path, text)
    document = deployment.document
    assert deployment.warnings == ()
    erp, tier = document.system["erp"], document.fields["tier"]
    assert erp.create_when is not None
    assert erp.create_when.stage == {"mql", "sal", "sql", "opportunity", "customer", "advocate"}
    assert erp.create_when.from_ == ("fair",)
    assert erp.owner_map == {"Ann Lee": "ann@acme.example"}
    assert erp.settings == {"own_setting": 7}
    assert document.stages.sla["opportunity"].days == 30
    assert tier.systems["hub"].names == ()
    assert [tier.systems["erp"].native_in(name) for name in ("Lead", "Contact", "Account")] == ["tier", "rank", None]
    assert tier.systems["sfdc"].native_in("Lead") == "Tier__c"
    assert tier.systems["sfdc"].values == {"A": ("Gold", "Platinum"), "B": ("Silver",)}
    assert (document.settle[0].system, document.settle[0].value, document.settle[0].hub) == ("sfdc", "", None)


def test_a_lossy_mapping_is_a_warning_until_it_is_meant(tmp_path: Path) -> None:
    """M16: two native values under one name are allowed, and said, with the words that end the saying."""
    text = BASE + "[fields.tier]\nsfdc = { native = 'Tier__c', values = { A = ['Gold', 'Platinum'] } }\n"
    (warning,) = accepted(tmp_path, text).warnings
    assert warning.startswith('leadhub.toml:17: M16 tier: sfdc "Gold" and "Platinum" are all read as A; writing A gives "Gold".')
    assert "add lossy = true" in warning
    assert accepted(tmp_path, text + "lossy = true\n").warnings == ()
