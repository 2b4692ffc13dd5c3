// Package recall answers the question of a recall: who has this device, and of
// whom can it not be excluded?
//
// [Criteria.Match] is the rule: pure, and final. [Search] streams a superset of
// candidates out of the record, asks the rule about each, and says what its
// answer rests on.
package recall
