// Command fit derives figures of the catalog from the published runs in
// accuracy/data:
//
//	go run ./accuracy/fit -residuals [-out residual.toml]
//	go run ./accuracy/fit -tune SPEC [-tune SPEC ...] [-suite SUITE ...] [-out engine_time.toml]
//
// With -residuals it prints the [[residual]] section, which says how wide
// intervals are. A test of package accuracy holds the shipped section to it.
//
// With -tune it chooses keys of [[engine_time]] by coordinate descent on the
// rows that do not validate, and prints the errors of both before and after.
// SPEC is ENTRIES:KEY,KEY where ENTRIES is engine/vendor/from/architecture;
// each part is a pattern, an empty one is a key that the entry leaves out, and
// parts left off at the end are any:
//
//	-tune 'vllm/nvidia:step_us,parallel_us' -tune '=vllm/nvidia:sequence_us'
//
// A spec that begins with = gives all its entries the same value. With -suite
// 'closed loop' it looks at no others; it may be repeated. The file that -out
// names holds the entries that were tuned: plimsoll accuracy --catalog FILE
// replays with them.
package main
