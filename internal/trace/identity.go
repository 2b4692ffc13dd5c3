package trace

// ProvisionalIssuer stands where the ODS code of who gave a number stands, for the
// numbers that the product itself gives to patients whom nobody has identified. It
// has the form of such a code and is none: it leaves the product nowhere.
const ProvisionalIssuer = "000XX"

// Say lays what a later entry says over what earlier ones said.
func (who Identity) Say(s Secret, f Fact) Identity {
	if pf, ok := f.(PatientFact); ok {
		for _, name := range pf.Amend.Clear {
			switch name {
			case "nhs_number":
				who.NHSNumber = ""
			case "local_number":
				who.LocalIssuer, who.LocalNumber = "", ""
			case "family":
				who.Family = ""
			case "given":
				who.Given = ""
			case "birth":
				who.Birth = ""
			case "provisional":
				who.Provisional, who.Appears = "", ""
				who = who.Leaving() // the temporary number still finds the patient
			}
		}
		if pf.Provisional != "" {
			who.Provisional = pf.Provisional
		}
	}
	for _, f := range []struct{ to, said *string }{
		{&who.NHSNumber, &s.NHSNumber}, {&who.LocalIssuer, &s.LocalIssuer}, {&who.LocalNumber, &s.LocalNumber},
		{&who.Family, &s.Family}, {&who.Given, &s.Given}, {&who.Birth, &s.Birth}, {&who.Appears, &s.Appears},
	} {
		if *f.said != "" {
			*f.to = *f.said
		}
	}
	return who
}

// Leaving is an identity as others are told of it: the product's own temporary number
// means nothing to them, and would be taken for a hospital's.
func (who Identity) Leaving() Identity {
	if who.LocalIssuer == ProvisionalIssuer {
		who.LocalIssuer, who.LocalNumber = "", ""
	}
	return who
}
