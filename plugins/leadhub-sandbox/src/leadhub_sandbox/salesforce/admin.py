"""The admin API's Salesforce half: people at work in Salesforce's pages, the org's settings, and all rows for a test to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce import ids, lifecycle
from leadhub_sandbox.salesforce.auth import PASSWORD, Auth
from leadhub_sandbox.salesforce.describe import describe_object, summary
from leadhub_sandbox.salesforce.duplicates import DuplicateHeader
from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.objects import BY_PREFIX, LEAD, OBJECTS, USER, find_object
from leadhub_sandbox.salesforce.org import AUTOMATED, Actor, Org
from leadhub_sandbox.salesforce.query import Queries
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.rest import NEWEST
from leadhub_sandbox.salesforce.schema import SObject

DEFAULT_USER = "jane"
Order = Mapping[str, Any]


@dataclass(slots=True)
class Admin:
    """Answers the paths below /_sandbox/ that are Salesforce's own. A person's edit obeys every rule that the API does."""

    org: Org
    records: Records
    auth: Auth
    queries: Queries

    def answer(self, request: Request) -> Response | None:
        """Return the answer, or None for a path that is not Salesforce's. Raises ValueError or KeyError for a bad order."""
        path = request.path.removeprefix("/_sandbox/").strip("/")
        if request.method == "GET":
            return self._told(path)
        actions: dict[str, Callable[[Order], Any]] = {
            "create": self.create,
            "edit": self.edit,
            "automate": self.automate,
            "delete": self.delete,
            "undelete": self.undelete,
            "purge": self.purge,
            "merge": self.merge,
            "convert": self.convert,
            "settings": self.settings,
            "users": self.users,
            "queues": self.queues,
        }
        if request.method != "POST" or path not in actions:
            return None
        return self._run(actions[path], request.json())

    def _told(self, path: str) -> Response | None:
        what, _, name = path.partition("/")
        match what, name:
            case "settings", "":
                return Response(body=self.org.settings.as_json())
            case "account", "":
                return Response(body=self.account())
            case "describe", "":
                return Response(body=[summary(obj, f"v{NEWEST}.0") for obj in OBJECTS.values()])
            case "describe", _:
                return Response(body=describe_object(self.org, _object(name), f"v{NEWEST}.0"))
            case "records", _ if name:
                return Response(body=self.org.store.everything(_object(name)))
            case _:
                return None

    def _run(self, action: Callable[[Order], Any], order: object) -> Response:
        if not isinstance(order, dict):
            raise ValueError("the order must be a JSON object")  # noqa: TRY004 - a bad order, told as such
        mark = self.org.store.begin()
        try:
            body = action(order)
        except ApiError as refusal:
            self.org.store.rollback(mark)
            return refusal.response()
        except BaseException:
            self.org.store.rollback(mark)
            raise
        self.org.store.commit()
        return Response(body=body) if body is not None else Response(204)

    def _actor(self, order: Order) -> Actor:
        return Actor(self.org.user_id(order.get("user", DEFAULT_USER)), duplicates=DuplicateHeader(allow_save=True))

    def account(self) -> dict[str, Any]:
        """Tell how to get in: the client, and the people who have the password."""
        people = [row["Username"] for row in self.org.store.everything(USER) if row["IsActive"] and row["UserType"] != AUTOMATED]
        client = {"client_id": self.auth.client_id, "client_secret": self.auth.client_secret}
        return {"organization_id": self.org.organization_id, **client, "usernames": people, "password": PASSWORD}

    def create(self, order: Order) -> Any:
        """{"object", "fields", "user"?, "system"?}: add a record; `system` may set read-only fields too."""
        actor = self._actor(order)
        if order.get("system"):
            actor = Actor(actor.user_id, system=True)
        return {"id": self.records.create(_object(order["object"]), order["fields"], actor)}

    def edit(self, order: Order) -> None:
        """{"id", "fields", "object"?, "user"?}: change a record as a person does."""
        self.records.update(_object_of(order), order["id"], order["fields"], self._actor(order))

    def automate(self, order: Order) -> None:
        """{"id", "fields", "object"?}: change a record as a background process does."""
        self.records.automate(_object_of(order), order["id"], order["fields"])

    def delete(self, order: Order) -> None:
        """{"id", "object"?, "user"?}: move a record to the recycle bin."""
        self.records.delete(_object_of(order), order["id"], self._actor(order))

    def undelete(self, order: Order) -> None:
        """{"id", "object"?, "user"?}: bring a record back."""
        self.records.undelete(_object_of(order), order["id"], self._actor(order))

    def purge(self, order: Order) -> None:
        """{"id", "object"?}: empty the recycle bin of one record."""
        self.org.store.remove(_object_of(order), ids.full(order["id"]) or "")

    def merge(self, order: Order) -> None:
        """{"winner", "losers", "fields"?, "object"?, "user"?}: merge records of one object."""
        lifecycle.merge(self.records, _object_of(order, "winner"), order, self._actor(order))

    def convert(self, order: Order) -> Any:
        """{"id", "status"?, "create_opportunity"?, "account_id"?, "contact_id"?, "opportunity_name"?, "user"?}: convert a lead."""
        return lifecycle.convert(self.records, order, self._actor(order))

    def users(self, order: Order) -> Any:
        """{"alias", "first", "last", "active"?, "email"?, "type"?}: add a person; `type` is the UserType."""
        kind, email = order.get("type", "Standard"), order.get("email", "")
        self.org.add_user(order["alias"], order["first"], order["last"], active=order.get("active", True), kind=kind, email=email)
        return {"id": self.org.user_id(order["alias"])}

    def queues(self, order: Order) -> Any:
        """{"name"}: add a queue."""
        return {"id": self.org.add_queue(order["name"])}

    def settings(self, order: Order) -> Any:
        """Set settings; {"expire_tokens": true} ends all sessions, {"expire_cursors": true} all query cursors."""
        known = dict(order)
        if known.pop("expire_tokens", False):
            self.auth.sessions.clear()
        if known.pop("expire_cursors", False):
            self.queries.cursors.clear()
        self.org.settings.update(known)
        self.org.settings_changed()
        return self.org.settings.as_json()


def _object(name: str) -> SObject:
    found = find_object(name)
    if found is None:
        raise ValueError(f"no object {name!r}; known: {', '.join(sorted(o.name for o in BY_PREFIX.values()))}")
    return found


def _object_of(order: Order, key: str = "id") -> SObject:
    if "object" in order:
        return _object(order["object"])
    return BY_PREFIX.get(str(order[key])[:3], LEAD)
