// Makes the calls of one chapter through jsforce and prints a JSON line for each: what was called, whether the API should take it, what happened.
// node jsforce_calls.mjs CHAPTER < {"package": folder of jsforce, "url": the org's, "token", "client_id", "client_secret"}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const given = JSON.parse(readFileSync(0, "utf8"));
const { Connection } = createRequire(`${given.package}/`)(given.package);
const fresh = (more = {}) => new Connection({ instanceUrl: given.url, accessToken: given.token, version: "62.0", ...more });
const conn = fresh();
const LEAD = { LastName: "Berg", Company: "Acme" };
const leads = (count, more = {}) => Array.from({ length: count }, (_, i) => ({ ...LEAD, LastName: `L${String(i).padStart(4, "0")}`, ...more }));
const tell = (call, expected, happened) => console.log(JSON.stringify({ call, expected, happened }));
const off = { headers: { "Sforce-Auto-Assign": "FALSE" } };

/** A call that the API takes; its answer is looked at by `check`. */
async function accepts(call, promise, check = () => {}) {
  try {
    const answer = await promise;
    check(answer);
    tell(call, "accepted", "accepted");
    return answer;
  } catch (problem) {
    tell(call, "accepted", `${problem.name}: ${problem.message}`);
    throw problem;
  }
}

/** A call that the API refuses; jsforce names its error after the API's code. */
async function refuses(call, name, promise, check = () => {}) {
  try {
    await promise;
  } catch (problem) {
    check(problem);
    return tell(call, name, problem.name);
  }
  return tell(call, name, "accepted");
}

const chapters = {
  async login() {
    const oauth2 = { clientId: given.client_id, clientSecret: given.client_secret, loginUrl: given.url };
    const [name, password] = ["jane@acme.example", "sandbox-password"];
    const soap = new Connection({ loginUrl: given.url, version: "50.0" });
    const me = await accepts("login (SOAP)", soap.login(name, `${password}sandboxtoken`), () => assert.equal(soap.instanceUrl, given.url));
    await accepts("identity", soap.identity(), (told) => assert.equal(told.user_id, me.id));
    await refuses("login (SOAP)", "Error", soap.login(name, "wrong"), (problem) => assert.match(problem.message, /^INVALID_LOGIN/));
    const late = new Connection({ loginUrl: given.url, version: "65.0" });
    await refuses("login (SOAP)", "Error", late.login(name, password), (problem) => assert.match(problem.message, /^INVALID_OPERATION/));
    const granted = new Connection({ oauth2, version: "62.0" });
    await accepts("login (password grant)", granted.login(name, password), (user) => assert.equal(user.id, me.id));
    await refuses("login (password grant)", "invalid_grant", new Connection({ oauth2 }).login(name, "wrong"));
    const machine = new Connection({ oauth2, version: "62.0" });
    await accepts("authorize (client credentials)", machine.authorize({ grant_type: "client_credentials" }));
    await accepts("identity", machine.identity(), (told) => assert.equal(told.organization_id, me.organizationId));
    const first = await accepts("oauth2.authenticate", machine.oauth2.authenticate(name, password));
    await accepts("oauth2.refreshToken", machine.oauth2.refreshToken(first.refresh_token), (told) => assert.ok(told.access_token));
    await refuses("oauth2.refreshToken", "invalid_grant", machine.oauth2.refreshToken("wrong"));
    const renewing = new Connection({ oauth2, instanceUrl: given.url, accessToken: "stale", refreshToken: first.refresh_token, version: "62.0" });
    await accepts("query (after a refresh of its own)", renewing.query("SELECT Id FROM User LIMIT 1"), (told) => assert.ok(told.done));
    await refuses("query", "INVALID_SESSION_ID", fresh({ accessToken: "stale" }).query("SELECT Id FROM Lead"));
  },

  async records() {
    const Lead = conn.sobject("Lead");
    const made = await accepts("sobject.create", Lead.create({ ...LEAD, LeadhubId__c: "k1" }, off), (told) => assert.ok(told.success));
    await accepts("sobject.retrieve", Lead.retrieve(made.id), (row) => assert.equal(row.LastName, "Berg"));
    await accepts("sobject.retrieve", Lead.retrieve(made.id, { fields: ["Id", "Title"] }), (row) => assert.equal(row.Title, null));
    await accepts("sobject.update", Lead.update({ Id: made.id, Title: "CEO" }, off), (told) => assert.deepEqual(told.errors, []));
    const key = "LeadhubId__c";
    await accepts("sobject.upsert", Lead.upsert({ ...LEAD, [key]: "k2" }, key, off), (told) => assert.equal(told.created, true));
    await accepts("sobject.upsert", Lead.upsert({ Title: "CFO", [key]: "k2" }, key, off), (told) => assert.equal(told.created, false));
    const several = Lead.upsert([{ Title: "x", [key]: "k2" }, { LastName: "No company", [key]: "k3" }], key, off);
    await accepts("sobject.upsert", several, (told) => assert.deepEqual(told.map((one) => one.success), [true, false]));
    await accepts("sobject.find", Lead.find({ Title: "CEO" }, "Id, Title").execute(), (rows) => assert.equal(rows[0].Id, made.id));
    await accepts("sobject.findOne", Lead.findOne({ [key]: "k2" }), (row) => assert.equal(row.Title, "x"));
    await accepts("sobject.count", Lead.count({ Company: { $like: "Ac%" } }), (count) => assert.equal(count, 2));
    const chosen = Lead.select(["Id", "Name"]).where({ LastName: { $in: ["Berg"] } }).orderby("Name", "DESC").limit(1).offset(1);
    await accepts("sobject.select", chosen.execute(), (rows) => assert.equal(rows.length, 1));
    await accepts("sobject.destroy", Lead.destroy(made.id), (told) => assert.ok(told.success));
    await accepts("queryAll", conn.query("SELECT Id FROM Lead WHERE IsDeleted = true", { scanAll: true }), (told) => assert.equal(told.totalSize, 1));
    const [start, end] = ["2026-11-16T09:00:00Z", "2026-11-16T10:02:00Z"];
    await accepts("updated", conn.updated("Lead", start, end), (told) => assert.equal(told.ids.length, 1));
    await accepts("deleted", conn.deleted("Lead", start, end), (told) => assert.equal(told.deletedRecords[0].id, made.id));
  },

  async refusals() {
    const Lead = conn.sobject("Lead");
    const { id } = await Lead.create({ ...LEAD, LeadhubId__c: "k", Legacy_Id__c: "same" }, off);
    await Lead.create({ ...LEAD, Legacy_Id__c: "same" }, off);
    for (const [name, fields] of Object.entries({
      REQUIRED_FIELD_MISSING: { LastName: "Berg" },
      INVALID_FIELD: { ...LEAD, Nothing__c: 1 },
      INVALID_FIELD_FOR_INSERT_UPDATE: { ...LEAD, CreatedDate: "2026-01-01T00:00:00Z" },
      STRING_TOO_LONG: { ...LEAD, City: "x".repeat(41) },
      INVALID_EMAIL_ADDRESS: { ...LEAD, Email: "nobody" },
      INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: { ...LEAD, Tier__c: "Wood" },
      DUPLICATE_VALUE: { ...LEAD, LeadhubId__c: "k" },
      JSON_PARSER_ERROR: { ...LEAD, AnnualRevenue: "much" },
      INVALID_CROSS_REFERENCE_KEY: { ...LEAD, OwnerId: "005000000000000AAA" },
    })) {
      await refuses("sobject.create", name, Lead.create(fields, off), (problem) => assert.equal(problem.data.errorCode, name));
    }
    await refuses("sobject.upsert", "MULTIPLE_CHOICES", Lead.upsert({ Title: "x", Legacy_Id__c: "same" }, "Legacy_Id__c", off), (problem) => {
      assert.deepEqual(problem.data.map((uri) => uri.split("/").slice(0, -1).join("/")), Array(2).fill("/services/data/v62.0/sobjects/Lead"));
    });
    await refuses("sobject.upsert", "NOT_FOUND", Lead.upsert({ Title: "x", Nothing__c: "1" }, "Nothing__c", off));
    await refuses("sobject.retrieve", "NOT_FOUND", Lead.retrieve("00Q000000000000EAA"));
    await refuses("sobject.describe", "NOT_FOUND", conn.sobject("Nothing__c").describe());
    await Lead.destroy(id);
    await refuses("sobject.update", "ENTITY_IS_DELETED", Lead.update({ Id: id, Title: "x" }, off));
    await refuses("sobject.destroy", "ENTITY_IS_DELETED", Lead.destroy(id));
    for (const [name, soql] of Object.entries({
      INVALID_FIELD: "SELECT Nothing__c FROM Lead",
      INVALID_TYPE: "SELECT Id FROM Nothing",
      MALFORMED_QUERY: "SELECT Id FROM",
    })) {
      await refuses("query", name, conn.query(soql));
    }
    await refuses("queryMore", "INVALID_QUERY_LOCATOR", conn.queryMore("/services/data/v62.0/query/01g000000000000AAA-2000"));
    await refuses("updated", "INVALID_REPLICATION_DATE", conn.updated("Lead", "2026-11-16T09:00:00Z", "2026-11-16T08:00:00Z"));
    await refuses("request", "METHOD_NOT_ALLOWED", conn.request({ method: "PUT", url: "/sobjects/Lead", body: "{}" }));
    await refuses("request", "UNSUPPORTED_MEDIA_TYPE", conn.request({ method: "POST", url: "/sobjects/Lead", body: "x", headers: { "content-type": "text/plain" } }));
    await refuses("request", "JSON_PARSER_ERROR", conn.request({ method: "POST", url: "/sobjects/Lead", body: "{", headers: { "content-type": "application/json" } }));
  },

  async collections() {
    const Lead = conn.sobject("Lead");
    const made = await accepts("sobject.create (200)", Lead.create(leads(200), off), (told) => assert.equal(told.filter((one) => one.success).length, 200));
    const ids = made.map((one) => one.id);
    await accepts("sobject.create (450)", Lead.create(leads(450), { ...off, allowRecursive: true }), (told) => assert.equal(told.length, 450));
    await accepts("sobject.create (part)", Lead.create([LEAD, { LastName: "x" }], off), ([good, bad]) => {
      assert.deepEqual([good.success, bad.success, bad.errors[0].statusCode], [true, false, "REQUIRED_FIELD_MISSING"]);
    });
    await accepts("sobject.create (all or none)", Lead.create([LEAD, { LastName: "x" }], { ...off, allOrNone: true }), ([good]) => {
      assert.equal(good.errors[0].statusCode, "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    });
    await accepts("sobject.update (200)", Lead.update(ids.map((Id) => ({ Id, Title: "CEO" })), off), (told) => assert.ok(told.every((one) => one.success)));
    await accepts("sobject.retrieve (200)", Lead.retrieve(ids), (rows) => assert.ok(rows.every((row) => row.Title === "CEO")));
    const some = Lead.retrieve([ids[0], "00Q000000000000EAA"], { fields: ["Id"] });
    await accepts("sobject.retrieve (missing)", some, ([found, missing]) => assert.deepEqual([found.Id, missing], [ids[0], null]));
    await accepts("sobject.destroy (200)", Lead.destroy(ids), (told) => assert.equal(told.filter((one) => one.success).length, 200));
    await accepts("sobject.destroy (again)", Lead.destroy(ids.slice(0, 1)), ([one]) => assert.equal(one.errors[0].statusCode, "ENTITY_IS_DELETED"));
    await accepts("query.destroy (by collections)", Lead.find({}, "Id").destroy({ allowBulk: false }), (told) => assert.equal(told.length, 451));
    await refuses("sobject.create (201)", "EXCEEDED_ID_LIMIT", Lead.create(leads(201), off));
    await refuses("sobject.retrieve (wrong field)", "INVALID_FIELD", Lead.retrieve([ids[0]], { fields: ["Nothing__c"] }));
    await accepts("requestPost composite", conn.requestPost("/composite", { compositeRequest: [
      { method: "POST", url: "/services/data/v62.0/sobjects/Lead", referenceId: "made", body: LEAD },
      { method: "GET", url: "/services/data/v62.0/sobjects/Lead/@{made.id}", referenceId: "read" },
    ] }), (told) => assert.deepEqual(told.compositeResponse.map((one) => one.httpStatusCode), [201, 200]));
  },

  async queries() {
    await conn.sobject("Lead").create(leads(450), { ...off, allowRecursive: true });
    const soql = "SELECT Id, LastName FROM Lead ORDER BY LastName";
    const page = await accepts("query", conn.query(soql), (told) => assert.deepEqual([told.totalSize, told.done, told.records.length], [450, false, 200]));
    await accepts("queryMore", conn.queryMore(page.nextRecordsUrl), (told) => assert.equal(told.records[0].LastName, "L0200"));
    await accepts("query (autoFetch)", conn.query(soql, { autoFetch: true, maxFetch: 1000 }), (told) => assert.equal(told.records.length, 450));
    await accepts("query (autoFetch, at most)", conn.query(soql, { autoFetch: true, maxFetch: 250 }), (told) => assert.equal(told.records.length, 250));
    const streamed = new Promise((done, fail) => {
      const seen = [];
      conn.query(soql).on("record", (row) => seen.push(row)).on("end", () => done(seen)).on("error", fail).run({ autoFetch: true, maxFetch: 1000 });
    });
    await accepts("query (events)", streamed, (rows) => assert.equal(new Set(rows.map((row) => row.Id)).size, 450));
    await accepts("query (relationship)", conn.query("SELECT Owner.Name FROM Lead LIMIT 1"), (told) => assert.equal(told.records[0].Owner.attributes.type, "User"));
    await accepts("query (count)", conn.query("SELECT COUNT() FROM Lead"), (told) => assert.equal(told.totalSize, 450));
    const sized = conn.query(soql, { headers: { "Sforce-Query-Options": "batchSize=200" } });
    await accepts("query (batch size)", sized, (told) => assert.equal(told.records.length, 200));
  },

  async description() {
    await accepts("describeGlobal", conn.describeGlobal(), (told) => assert.ok(told.sobjects.some((one) => one.name === "Lead")));
    for (const name of ["Lead", "Contact", "Account", "Opportunity", "User", "LeadStatus"]) {
      await accepts("describe", conn.describe(name), (told) => assert.ok(told.fields.some((field) => field.name === "Id")));
    }
    await accepts("sobject.describe$", conn.sobject("Lead").describe$(), (told) => assert.equal(told.keyPrefix, "00Q"));
    await accepts("limits", conn.limits(), (told) => {
      assert.deepEqual([told.DailyApiRequests.Max, told.DailyApiRequests.Remaining], [conn.limitInfo.apiUsage.limit, 100000 - conn.limitInfo.apiUsage.used]);
    });
    await accepts("identity", conn.identity(), (told) => assert.equal(told.username, "leadhub@acme.example"));
    await accepts("request (versions)", conn.request("/services/data"), (told) => assert.equal(told.at(-1).version, "68.0"));
  },

  async bulk() {
    conn.bulk2.pollInterval = 20;
    conn.bulk2.pollTimeout = 10000;
    const load = (operation, input, more = {}) => conn.bulk2.loadAndWaitForResults({ object: "Lead", operation, input, pollInterval: 20, ...more });
    const rows = leads(25).map((row, i) => ({ ...row, LeadhubId__c: `k${i}`, Description: `two\nlines, "${i}"` }));
    const counts = (told) => [told.successfulResults.length, told.failedResults.length, told.unprocessedRecords.length];
    await accepts("bulk2.loadAndWaitForResults insert", load("insert", rows), (told) => assert.deepEqual(counts(told), [25, 0, 0]));
    const upserted = [{ LeadhubId__c: "k0", LastName: "New", Company: "Acme" }, { LeadhubId__c: "k99", LastName: "No company", Company: "" }];
    await accepts("bulk2.loadAndWaitForResults upsert", load("upsert", upserted, { externalIdFieldName: "LeadhubId__c" }), (told) => {
      assert.deepEqual([...counts(told), told.successfulResults[0].sf__Created], [1, 1, 0, "false"]);
      assert.match(told.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING/);
    });
    const read = async (soql, options) => (await conn.bulk2.query(soql, options)).toArray();
    const found = await accepts("bulk2.query", read("SELECT Id, LastName, Description FROM Lead"), (told) => {
      assert.deepEqual([told.length, new Set(told.map((row) => row.Description)).size], [25, 25]);
    });
    const changed = found.map(({ Id }) => ({ Id, Title: "CEO" }));
    await accepts("bulk2.loadAndWaitForResults update", load("update", changed), (told) => assert.deepEqual(counts(told), [25, 0, 0]));
    const gone = found.slice(0, 5).map(({ Id }) => ({ Id }));
    await accepts("bulk2.loadAndWaitForResults delete", load("delete", gone), (told) => assert.deepEqual(counts(told), [5, 0, 0]));
    await accepts("bulk2.query scanAll", read("SELECT Id FROM Lead", { scanAll: true }), (told) => assert.equal(told.length, 25));
    const job = conn.bulk2.createJob({ object: "Lead", operation: "insert" });
    await accepts("bulk2.createJob open", job.open(), (told) => assert.equal(told.state, "Open"));
    await accepts("bulk2 job.uploadData", job.uploadData([LEAD]));
    await accepts("bulk2 job.close", job.close());
    await accepts("bulk2 job.poll", job.poll(20, 10000));
    await accepts("bulk2 job.check", job.check(), (told) => assert.equal(told.state, "JobComplete"));
    await accepts("bulk2 job.getAllResults", job.getAllResults(), (told) => assert.deepEqual(counts(told), [1, 0, 0]));
    await accepts("bulk2 job.delete", job.delete());
    const stopped = conn.bulk2.createJob({ object: "Lead", operation: "insert" });
    await stopped.open();
    await accepts("bulk2 job.abort", stopped.abort());
    await refuses("bulk2 job.uploadData (aborted)", "INVALIDJOBSTATE", stopped.uploadData([LEAD]));
    await refuses("bulk2.query", "INVALID_FIELD", read("SELECT Nothing__c FROM Lead"));
    await refuses("bulk2.createJob open", "INVALIDJOB", conn.bulk2.createJob({ object: "Lead", operation: "upsert", externalIdFieldName: "Nothing__c" }).open());
    await refuses("bulk2.createJob open", "INVALIDENTITY", conn.bulk2.createJob({ object: "Nothing__c", operation: "insert" }).open());
  },
};

await chapters[process.argv[2]]();
