;; Copies between a batch, as it came or will go, and a stripe's scratch area. Each has a memory of its own, which
;; AssemblyScript cannot say; hence this text, which `npm run prepare` assembles.
;;
;; `order` is the address of words in the batch's memory: numbers of the batch's keys and rows, `count` of them. In the
;; scratch area those stand one behind the other, in this order. Addresses and lengths are bytes.
(module
  ;; Keys, and their order by stripe.
  (import "env" "batch" (memory $batch 0 65536 shared))
  ;; Rows of values, as the host writes and reads them.
  (import "env" "rows" (memory $rows 0 65536 shared))
  (import "env" "stripe" (memory $stripe 0 65536 shared))

  (func (export "takeKeys") (param $order i32) (param $count i32) (param $keys i32) (param $to i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (i64.store $stripe
          (local.get $to)
          (i64.load $batch
            (i32.add (local.get $keys) (i32.shl (i32.load $batch (local.get $order)) (i32.const 3)))))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (local.set $order (i32.add (local.get $order) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next))))

  ;; $bytes: of a row, a multiple of 4.
  (func (export "takeRows") (param $order i32) (param $count i32) (param $bytes i32) (param $to i32)
    (local $from i32) (local $left i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $from (i32.mul (i32.load $batch (local.get $order)) (local.get $bytes)))
        (local.set $left (local.get $bytes))
        (block $short
          (loop $lanes
            (br_if $short (i32.lt_u (local.get $left) (i32.const 16)))
            (v128.store $stripe (local.get $to) (v128.load $rows (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (local.set $left (i32.sub (local.get $left) (i32.const 16)))
            (br $lanes)))
        (block $whole
          (loop $words
            (br_if $whole (i32.eqz (local.get $left)))
            (i32.store $stripe (local.get $to) (i32.load $rows (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 4)))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (local.set $left (i32.sub (local.get $left) (i32.const 4)))
            (br $words)))
        (local.set $order (i32.add (local.get $order) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next))))

  (func (export "giveRows") (param $order i32) (param $count i32) (param $bytes i32) (param $from i32)
    (local $to i32) (local $left i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $to (i32.mul (i32.load $batch (local.get $order)) (local.get $bytes)))
        (local.set $left (local.get $bytes))
        (block $short
          (loop $lanes
            (br_if $short (i32.lt_u (local.get $left) (i32.const 16)))
            (v128.store $rows (local.get $to) (v128.load $stripe (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (local.set $left (i32.sub (local.get $left) (i32.const 16)))
            (br $lanes)))
        (block $whole
          (loop $words
            (br_if $whole (i32.eqz (local.get $left)))
            (i32.store $rows (local.get $to) (i32.load $stripe (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 4)))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (local.set $left (i32.sub (local.get $left) (i32.const 4)))
            (br $words)))
        (local.set $order (i32.add (local.get $order) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))))
