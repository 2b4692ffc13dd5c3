package api

// Routes lists what the server serves, as method and path.
func (s *Server) Routes() (all [][2]string) {
	for _, r := range s.echo.Routes() {
		all = append(all, [2]string{r.Method, r.Path})
	}
	return all
}

// Queries gives the query parameters that a route knows, by method and path.
func (s *Server) Queries() map[[2]string]string {
	all := make(map[[2]string]string)
	for _, r := range s.routes() {
		all[[2]string{r.method, r.path}] = r.query
	}
	return all
}

// Find gives the route that a request meets, and its parameters.
func (s *Server) Find(method, path string) (route string, params map[string]string) {
	c := s.echo.NewContext(nil, nil)
	s.echo.Router().Find(method, path, c)
	params = make(map[string]string)
	for i, name := range c.ParamNames() {
		params[name] = c.ParamValues()[i]
	}
	return c.Path(), params
}

// DescribedPath is a route's path as OpenAPI writes it.
var DescribedPath = describedPath

// PictureMost and BodyMost are the limits of a request's body.
const (
	PictureMost = pictureMost
	BodyMost    = bodyMost
	NoticeMost  = noticeMost
)

// Bounds gives how many bytes of a body each route reads at most, by method and
// path.
func (s *Server) Bounds() map[[2]string]int64 {
	all := make(map[[2]string]int64)
	for _, r := range s.routes() {
		size := r.body
		if size == 0 {
			size = bodyMost
		}
		all[[2]string{r.method, r.path}] = size
	}
	return all
}
