// Package fhir writes procedures as a FHIR R4 (4.0.1) Bundle of type
// collection, as the lines of a bulk export, as a document, and as a server
// answers them.
//
//	report, err := fhir.WriteBundle(w, procedures, fhir.Options{Generated: now})
//	report, err := fhir.WriteLines(w, procedures, nil, fhir.Options{})
//	text, err := fhir.Document{Procedures: one, At: now}.Bundle(fhir.Options{})
//
// # Which resource says what
//
//	trace.Patient    Patient             id: the patient's
//	trace.Place      Location            id: from GLN, extension and name; a place without a GLN is a display only
//	trace.Person     Practitioner        id: from badge code and name; a person without a code is a display only
//	trace.Procedure  Procedure           id: the procedure's
//	trace.Usage      Device              id: derived from the usage's
//	                 DeviceUseStatement  id: the usage's
//	trace.Stamp      Provenance          of a server; id: the thing's, the entry's node and place
//	trace.Product    Organization        of a server: the maker; id: from the device identifier
//	trace.PlaceFact  Organization        of a server: the site; id: from its organisation code
//	trace.Audited    AuditEvent          of a server; id: the entry's node and place
//
// Each usage has a Device of its own: two usages of one UDI (implanted, years
// later explanted) are two Devices with the same udiCarrier. The same record
// gives the same bundle, byte for byte. Patient, Location and Practitioner
// stand once in a bundle, before the first Procedure that refers to them.
//
// # What a usage's status becomes
//
//	implanted        Device active, with patient; focalDevice implanted; DeviceUseStatement active, timingDateTime
//	explanted        Device inactive, with patient; focalDevice explanted; DeviceUseStatement completed, timingPeriod.end
//	trial            Device inactive; usedReference; DeviceUseStatement completed, timingDateTime
//	opened-not-used,
//	wasted           Device inactive; a Procedure.note
//	returned         Device unknown: it is on a shelf again; a Procedure.note
//	checked, opened,
//	nothing said     Device unknown; a Procedure.note that says "no outcome recorded"
//	withdrawn        Device entered-in-error; no part of the Procedure but a note; a DeviceUseStatement
//	                 entered-in-error where the status would have given one, so that a receiver takes it back
//
// R4 says that focalDevice is for what a procedure implants, removes or
// changes and usedReference for what was used in it, that Device.patient is
// for a device affixed to a person, and that a DeviceUseStatement is of a
// device the patient uses. A device that was scanned or opened and did not
// get that far is none of these. It is in the bundle as a Device, and the
// Procedure names it in a note.
//
// A Device is active as its own procedure left it. When it comes out in
// another procedure, that is another usage with a Device and a statement of
// its own, and nothing in the record joins the two: a reader must look for
// the same DI and serial among what was explanted.
//
// A Procedure is entered-in-error when withdrawn, completed when its end is
// recorded, otherwise in-progress; unknown when it has no end and everything
// about it was imported, for then nobody here saw whether it ended. All that
// belongs to a withdrawn procedure is entered-in-error as well.
//
// # UDI carriers
//
// Each barcode that was scanned on the pack is a udiCarrier of its own:
// carrierAIDC is the reading byte for byte, with its AIM identifier where the
// scanner gave one and with its separators, base64 over all. R4 suggests to
// join two barcodes into one string; that would be a reading nobody made.
// deviceIdentifier and issuer stand on the carriers that hold the DI, and
// these come first. Where no barcode holds the record's DI (it was typed,
// imported or corrected), a udiCarrier without carrierAIDC says it before the
// others. Where a barcode says something else than the record, the Device is
// tagged reading-differs.
//
// jurisdiction is said only where the product list has the DI out of an authority's
// own database of UDIs: the FDA's GUDID or the European Commission's EUDAMED. It
// stands on the carriers that hold the DI. Where both list it, the barcodes have
// none, since it cannot be known under whose rules they were printed, and a
// udiCarrier for each authority says the DI without a carrierAIDC: R4 has several
// udiCarrier for "multiple jurisdictions it could have been sold" in.
//
// # Marks
//
// meta.tag, without a system, in the resources they concern; each is also a
// sentence in Device.note where the resource is a Device:
//
//	damaged-reading       a value may be wrong or missing
//	imported-unverified   from another system
//	override              used in spite of a warning or a stop
//	corrected             a later entry put an earlier one right
//	reading-differs       a barcode of the pack says something else than the record
//	identity-sealed       who the patient is cannot be read: name and identifier are marked masked
//	check-digit           an identifier fails its check and is given without a system
//	text-changed          characters that FHIR cannot hold were replaced by U+FFFD, special spaces by plain ones
//	value-left-out        a value that FHIR cannot hold was left out: a date in no calendar, an end before its start
//
// # What is not in it
//
// A Patient with an NHS number claims UK Core's profile, a Device US Core's
// implantable device where it keeps its rules; no other profile is claimed.
// Device.type, bodySite, reasonCode and performer.function are text, since the
// record holds no codes for them. distinctIdentifier and the safety
// and verdict of checks are left out. The identifier of a member of
// staff has no system, and that of a local patient number only where
// [Options] names one: no system for them is published.
package fhir
