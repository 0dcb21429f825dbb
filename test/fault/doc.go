// Package fault does to a real server what machines and networks do to it:
// processes die, gateways lose their tongue, crowds arrive at once. After that
// nothing that was acknowledged may be missing and the books must be the
// gateways' own. Its tests need the tag "fault".
package fault
