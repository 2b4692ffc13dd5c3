// Package udi says what a reading means: which device, which patient, which
// member of staff, which place.
//
//	m := udi.Understand("]d20107611994064584172903221090M4GRUBJJGA", now)
//	m.Kind            // udi.KindDevice
//	m.Device.DI       // "07611994064584"
//	m.Device.Lot      // "90M4GRUBJJGA"
//	m.Device.Expiry   // {Day: "2029-03-22", Precision: "day"}
//
// Nothing is guessed: what could not be understood has Kind [KindText], and
// everything that was wrong on the way is in Issues. The words and values of a
// damaged reading are kept beside the issues, never instead of them.
package udi
