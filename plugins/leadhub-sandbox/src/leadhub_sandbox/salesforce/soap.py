"""SOAP 1.1 as the partner API speaks it: an envelope read strictly, answers and faults written in Salesforce's shapes.

The elements of a call are those of the partner WSDL, in its namespace and its order; anything else is a fault, never passed over.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from leadhub_sandbox.http import Response

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
XML_TYPE = "text/xml;charset=UTF-8"

Node = tuple[str, Any]
"""An element to be written: its name, and its text, its children, or None for an xsi:nil one."""


class SoapFault(Exception):
    """A call refused as a whole. `kind` names Salesforce's own fault type; without one the fault is the SOAP layer's."""

    def __init__(self, code: str, message: str, kind: str = "ApiFault") -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.kind = code, message, kind

    def response(self) -> Response:
        """Return the fault as it is sent: HTTP 500."""
        if not self.kind:
            return _sent(
                500, "", f"<soapenv:Fault><faultcode>{self.code}</faultcode><faultstring>{escape(self.message)}</faultstring></soapenv:Fault>"
            )
        text = escape(self.message)
        told = f"<sf:exceptionCode>{self.code}</sf:exceptionCode><sf:exceptionMessage>{text}</sf:exceptionMessage>"
        detail = f'<detail><sf:{self.kind} xsi:type="sf:{self.kind}">{told}</sf:{self.kind}></detail>'
        fault = f"<soapenv:Fault><faultcode>sf:{self.code}</faultcode><faultstring>{self.code}: {text}</faultstring>{detail}</soapenv:Fault>"
        return _sent(500, ' xmlns:sf="urn:fault.partner.soap.sforce.com"', fault)


def client_fault(message: str) -> SoapFault:
    """Return the fault for an envelope that is not what the WSDL says."""
    return SoapFault("soapenv:Client", message, kind="")


def answer(operation: str, results: Iterable[Node], header: str = "") -> Response:
    """Return an operation's answer: `results` are the children of its response element."""
    body = f"<{operation}Response>{''.join(_written(node) for node in results)}</{operation}Response>"
    return _sent(200, f' xmlns="{PARTNER}"', body, header)


def _sent(status: int, namespaces: str, body: str, header: str = "") -> Response:
    known = f'xmlns:soapenv="{ENVELOPE}"{namespaces} xmlns:xsi="{SCHEMA}"'
    above = f"<soapenv:Header>{header}</soapenv:Header>" if header else ""
    text = f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope {known}>{above}<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    return Response(status, text.encode(), content_type=XML_TYPE)


def _written(node: Node) -> str:
    name, content = node
    if content is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(content, list):
        return f"<{name}>{''.join(_written(child) for child in content)}</{name}>"
    return f"<{name}>{escape(str(content).lower() if isinstance(content, bool) else str(content))}</{name}>"


class _NoDoctype(ET.TreeBuilder):
    """Builds the tree and stops at a document type: with none there are no entities to expand and no files to fetch."""

    def doctype(self, *_: str | None) -> None:
        """Refuse it, whatever it declares."""
        raise client_fault("A document type declaration is not allowed in a SOAP message")


def read(body: bytes) -> tuple[Mapping[str, ET.Element], ET.Element]:
    """Return an envelope's header entries by qualified name, and the one element of its body. Raises SoapFault."""
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - the target refuses document types, so nothing can expand
    try:
        parser.feed(body)
        root = parser.close()
    except ET.ParseError as problem:
        raise client_fault(f"The message is not well-formed XML: {problem}") from None
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        code = "soapenv:VersionMismatch" if root.tag.endswith("}Envelope") else "soapenv:Client"
        raise SoapFault(code, f"The root element must be {{{ENVELOPE}}}Envelope, not {root.tag}", kind="")
    parts = list(root)
    names = [part.tag.removeprefix(f"{{{ENVELOPE}}}") for part in parts]
    if names not in (["Body"], ["Header", "Body"]):
        raise client_fault(f"An envelope holds at most one Header and then one Body, not {', '.join(names) or 'nothing'}")
    if len(parts[-1]) != 1:
        raise client_fault("The Body must hold exactly one element")
    return {entry.tag: entry for entry in parts[0]} if len(parts) > 1 else {}, parts[-1][0]


def fields(element: ET.Element, known: Iterable[str], of_type: str) -> dict[str, str | None]:
    """Return the texts of an element's children, which are all of `known`, in that order, each at most once; None for a nil one.

    Raises SoapFault for an unknown or misplaced one.
    """
    left = list(known)
    found: dict[str, str | None] = {}
    for child in element:
        name = child.tag.removeprefix(f"{{{PARTNER}}}")
        if f"{{{PARTNER}}}{name}" != child.tag or name not in left or len(child):
            raise client_fault(f"Element {child.tag} invalid at this location in type {{{PARTNER}}}{of_type}")
        left = left[left.index(name) + 1 :]
        nil = child.get(f"{{{SCHEMA}}}nil") in ("true", "1")
        found[name] = None if nil else (child.text or "")
    return found


def boolean(text: str | None, name: str) -> bool:
    """Return an xsd:boolean; a missing one is false. Raises SoapFault."""
    if text is None:
        return False
    if text.strip() not in ("true", "false", "1", "0"):
        raise client_fault(f"'{text}' is not a valid value for the type xsd:boolean of {name}")
    return text.strip() in ("true", "1")
