// A histogram as plain numbers on the path of a request; samples are created when metrics are read.
import type { Sample } from './metrics.ts'

/** A histogram without labels. `bounds` ascend; the last bucket has none. */
export class Buckets {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    const { bounds, counts } = this
    let at = 0
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++
    counts[at] = (counts[at] ?? 0) + 1
    this.sum += value
    this.count++
  }
}

/** Cumulative buckets, as in Prometheus; none for labels that never occurred. */
export function* bucketSamples(
  name: string,
  { bounds, counts, sum, count }: Buckets,
  labels: Readonly<Record<string, string>>,
): Generator<Sample> {
  if (count === 0) return
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0
    yield { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below }
  }
  yield { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count }
  yield { metricName: `${name}_sum`, labels, value: sum }
  yield { metricName: `${name}_count`, labels, value: count }
}
