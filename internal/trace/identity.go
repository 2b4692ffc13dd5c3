package trace

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
