package zxing

// The emscripten build shortens the names of what it imports and exports. These
// are the names in the pinned file; another build has others.
const (
	importModule = "a"

	exportMemory = "qa"
	exportTable  = "ua"

	exportConstructors = "ra" // run the global constructors, which register the bindings
	exportMalloc       = "va"
	exportFree         = "ta"

	exportStackSave    = "Aa"
	exportStackRestore = "za"

	exportGetExceptionPtr   = "wa"
	exportSetThrew          = "xa"
	exportSetTempRet        = "ya"
	exportIncrementRefcount = "Ba"
	exportDecrementRefcount = "Ca"
	exportCanCatch          = "Da"
)

// longCalls are the imports that call a function pointer whose parameters are
// 64 bits wide, which reach JavaScript as two halves, low before high. The letters
// are the type of the result and of the parameters: void, i32, i64 (j).
var longCalls = map[string]string{
	"X": "viijjijjjjjj",
	"W": "iiijj",
}

// hostFunctions are the imports that this package answers. All other imports
// call a function pointer and stand ready for a C++ exception: emscripten's
// invoke_ functions.
var hostFunctions = map[string]func(s *sandbox, stack []uint64){
	// C++ exceptions
	"q": (*sandbox).throw,
	"T": (*sandbox).rethrow,
	"e": (*sandbox).resume,
	"r": (*sandbox).beginCatch,
	"J": (*sandbox).endCatch,
	"a": (*sandbox).findCatchAll,
	"i": (*sandbox).findCatch1,
	"l": (*sandbox).findCatch2,
	"v": (*sandbox).typeID,

	// types of the bindings
	"ia": (*sandbox).registerVoid,
	"ha": (*sandbox).registerBool,
	"x":  (*sandbox).registerInteger,
	"Y":  ignore, // 64-bit integers, which no binding uses
	"U":  (*sandbox).registerFloat,
	"ga": (*sandbox).registerString,
	"P":  ignore, // wide strings, which no binding uses
	"fa": (*sandbox).registerValue,
	"ma": (*sandbox).registerValue,
	"s":  (*sandbox).registerMemoryView,
	"F":  (*sandbox).registerObject,
	"oa": (*sandbox).registerField,
	"na": ignore, // an object's fields are complete
	"la": (*sandbox).registerClass,
	"ka": ignore, // constructors of classes, which are not called
	"E":  (*sandbox).registerMethod,
	"ja": ignore, // iterators of classes, which are not called
	"V":  (*sandbox).registerFunction,

	// values of JavaScript
	"C":  (*sandbox).global,
	"Q":  (*sandbox).keepValue,
	"pa": (*sandbox).dropValue,
	"I":  (*sandbox).makeInvoker,
	"H":  (*sandbox).invoke,
	"aa": (*sandbox).runDestructors,

	// the system
	"_": (*sandbox).growMemory,
	"Z": (*sandbox).abort,
}

func ignore(*sandbox, []uint64) {}
