package api

import (
	"context"
	"slices"

	"implantrace/internal/fhir"
	"implantrace/internal/trace"
)

// organization is the maker of a device, a site of the directory, or the hospital.
func (s *Server) organization(ctx context.Context, id string, none error) (fhir.Resource, error) {
	if id == fhir.HospitalID && s.Hospital.Name != "" {
		return fhir.HospitalOrganization(s.Hospital.Name, s.Hospital.Address)
	}
	if ods, ok := fhir.SiteOf(id); ok {
		return s.site(ctx, ods, none)
	}
	di, ok := fhir.MakerOf(id)
	if !ok {
		return fhir.Resource{}, none
	}
	p, err := trace.ProductOf(ctx, s.store, di)
	if trace.KindOf(err) == trace.NotFound || err == nil && (p.Maker == "" || p.Withdrawn) {
		return fhir.Resource{}, none
	}
	if err != nil {
		return fhir.Resource{}, err
	}
	return fhir.MakerOrganization(di, p)
}

// site is what the directory calls the site with an organisation code.
func (s *Server) site(ctx context.Context, ods string, none error) (fhir.Resource, error) {
	found, name := false, ""
	for l, err := range s.store.ListedPlaces(ctx) {
		if err != nil {
			return fhir.Resource{}, err
		}
		if l.Fact.ODS != ods || l.Fact.Removed {
			continue
		}
		if found = true; l.Fact.Site != "" {
			name = l.Fact.Site
			break
		}
	}
	if !found {
		return fhir.Resource{}, none
	}
	return fhir.SiteOrganization(ods, name)
}

// organizations are the hospital, the sites, and the makers of the devices in the
// procedures of an export, each once.
func (s *Server) organizations(ctx context.Context, e fhirExport, put func(fhir.Resource) error) error {
	seen := make(map[string]bool)
	give := func(id string) error {
		if id == "" || seen[id] {
			return nil
		}
		seen[id] = true
		r, err := s.organization(ctx, id, trace.Errorf(trace.NotFound, "It is not there."))
		if trace.KindOf(err) == trace.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return put(r)
	}
	if err := give(fhir.HospitalID); err != nil {
		return err
	}
	var sites []string
	for l, err := range s.store.ListedPlaces(ctx) {
		if err != nil {
			return err
		}
		sites = append(sites, fhir.SiteID(l.Fact.ODS))
	}
	slices.Sort(sites)
	for _, id := range sites {
		if err := give(id); err != nil {
			return err
		}
	}
	for p, err := range s.fhirInFull(ctx, e) {
		if err != nil {
			return err
		}
		for _, u := range p.Usages {
			if err := give(fhir.MakerID(u.Usage.Device.DI)); err != nil {
				return err
			}
		}
	}
	return nil
}
