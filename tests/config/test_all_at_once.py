"""Every fault that the file can have at once comes at once: one round of mending, and none that follows from another."""

import re
from pathlib import Path

import pytest

from leadhub.errors import ConfigError
from leadhub.hub import open_hub

FAULTS = """version = 2  #: M24 version = 2
stor = "x"  #: M24 unknown key "stor"
on_failure = "curl -d oops https://hooks.slack.com/services/T000/B000/abcdEFGH"  #: M19 on_failure

[defaults]
trust = "salesfoce"  #: M23 defaults.trust names "salesfoce"
region = "Germany"  #: defaults.region: a country is two capital letters

[stages]
skip = ["advocate", "sla", "customer"]  #: M24 stages.skip.1 = "sla" is not known  #: M24 customer cannot be skipped
sla = { advocate = "1d", mql = "soon" }  #: M25 stages.sla.advocate  #: stages.sla.mql: a length of time

[system.crm]
plugin = "salesforce"
login_url = "https://acme.my.salesforce.com"
client_id = "${NOT_SET}"  #: the environment variable NOT_SET is not set
client_secret = "hunter2hunter2"  #: M19 system.crm.client_secret
creat_cap = 5  #: M24 unknown key "creat_cap" in system.crm
create = "always"  #: crm may create records, but nothing says whose they become
required_defaults = { Rating = "?" }
scope = { "Leed.Email" = "present", LeadSource = 1.5 }  #: M24 "Leed.Email" names the object "Leed"  #: system.crm.scope.LeadSource: a condition is

[[system.crm.field.Rating.map]]  #: M21 crm.required_defaults
value = "?"

[[system.crm.field.Status.map]]
value = "Working - Contacted"  #: M01 crm.Status: stage "msq"
stage = ["msq"]

[[system.crm.field.Status.map]]
value = "Twice"
stage = ["lead"]
writes = false

[[system.crm.field.Status.map]]
value = "Twice"  #: M02 crm.Status: "Twice" is mapped twice
stage = ["mql"]
writes = false

[[system.crm.field.Status.map]]
value = "Never"  #: M05 crm.Status: "Never" fits no valid lead
stage = ["lead"]
status = ["in_deal"]

[[system.crm.field.Status.map]]
value = "Back"  #: M06 crm.Status: "Back" would be written for
stage = ["lead"]
writes = { stage = ["sql"] }

[[system.crm.field.Status.map]]
value = "Turned"  #: M11 crm.Status: "Turned" is a converted value
stage = ["sql"]
converted = true

[system.hub]
plugin = "hubspot"
token = "${TOKEN}"
mode = "rw"  #: M24 system.hub.mode = "rw"
create_cap = "many"  #: system.hub.create_cap:

[system.hub.field.hs_lead_status]
hold = [{ status = ["attempting"] }]  #: M07 hub.hs_lead_status

[[system.hub.field.hs_lead_status.map]]
value = "TRYING"
status = ["attempting"]

[[system.hub.field.one__c.map]]
value = "all"
[[system.hub.field.one__c.map]]
value = "some"  #: M03 hub.one__c: 2 values claim to be written for
stage = ["lead"]

[[system.hub.field.three__c.map]]
value = "all"
[[system.hub.field.three__c.map]]
value = "one"  #: M01 hub.three__c: stage "msq" is not a stage
stage = ["msq"]

[[system.hub.field.two__c.map]]
value = "some"  #: M04 hub.two__c: nothing to write for
stage = ["lead"]

[system.other]
plugin = "hubspo"  #: there is no connector "hubspo"

[system.third]
plugin = "hubspot"
token = "${TOKEN}"
preset = "hubspot-contakt"  #: system.third names the preset "hubspot-contakt"
create_when = {}  #: third: create_when says nothing while

[system.fair]  #: system.fair needs plugin
path = "*.csv"

[system.fair2]
plugin = "files"
mode = "read"
path = "*.csv"
create = "always"  #: M17 fair2 is mode = "read"

[fields.full_name]  #: M18 full_name is derived
[fields.phone]  #: fields.phone: strict = true needs owner
strict = true
merge = "latest"  #: M23 merge = "latest"
[fields.mobile]
owner = "fair"
[fields.score]
owner = "fair2"  #: M17 fair2 is mode = "read" but owns field score
[fields.job_titel]  #: M24 leadhub has no field "job_titel"
owner = "hub"
[fields.converted]
crm = "IsConverted"
[fields.tier]
type = "enm"  #: M24 fields.tier.type = "enm"
values = ["A"]
crm = { native = "Tier__c", valus = {} }  #: M24 unknown key "valus"
[fields.created_at]
crm = "Lead.CreatedDate"  #: M12 crm.CreatedDate is read-only

[[settle]]  #: settle.0 needs field
rule = "prefr"  #: M24 settle.0.rule = "prefr"

[[settle]]
field = "fone"  #: M24 settle.1.field names "fone"
rule = "keep"
system = "hubb"  #: M23 settle.1.system names "hubb"

[[settle]]  #: settle.2: rule = "prefer" needs system
field = "tier"
rule = "prefer"
"""


def test_every_fault_of_one_file_is_told_at_once_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person mends in one round: each fault at its line, in the order of the lines, and no second fault that only follows from a first."""
    monkeypatch.setenv("TOKEN", "x")
    (tmp_path / "leadhub.toml").write_text(FAULTS, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        open_hub(tmp_path)
    found = list(caught.value.problems)
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)
    for number, line in enumerate(FAULTS.splitlines(), 1):
        for expected in line.split("  #: ")[1:]:
            meant = [problem for problem in found if problem.startswith(f"leadhub.toml:{number}: ") and expected in problem]
            assert len(meant) == 1, (number, expected, [problem for problem in found if re.match(rf"leadhub.toml:{number}:", problem)])
            found.remove(meant[0])
    assert found == []
