// The metrics of requests, under upstream's names.
import { Buckets, bucketSamples } from '../base/metrics/buckets.ts'
import { Counter, Gauge, type Registry, type Sample, SampledHistogram } from '../base/metrics/metrics.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import type { Reply } from './http/exchange.ts'
import type { RequestInfo } from './request/request-info.ts'
import type { ServedResources } from './resource/served-resource.ts'

export interface RequestMetrics {
  /** `awayMs` is the time that the request waited in queues and for webhooks. */
  observe(
    info: RequestInfo | undefined,
    reply: Pick<Reply, 'status' | 'longRunning'>,
    bytes: number,
    durationMs: number,
    awayMs: number,
  ): void
  /** A watch or another stream has begun. The returned function must be called once, at its end. */
  opened(info: RequestInfo | undefined): () => void
}

const targetNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const
const countedNames = [...targetNames, 'dry_run', 'code'] as const

type Target = Readonly<Record<(typeof targetNames)[number], string>>

const secondBounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
const sliBounds = secondBounds.slice(2)
const byteBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
/** Verbs whose response sizes are measured. */
const readVerbs = new Set(['GET', 'LIST'])

/** The series of one target. Plain numbers, because prom-client would build the labels for each value, which would slow down requests. */
class TargetSeries {
  readonly labels: Target
  readonly sliSeconds = new Buckets(sliBounds)
  readonly bytes: Buckets | undefined
  /** By the value of dryRun. */
  readonly seconds = new Map<string, Buckets>()

  constructor(labels: Target) {
    this.labels = labels
    this.bytes = readVerbs.has(labels.verb) ? new Buckets(byteBounds) : undefined
  }

  secondsOf(dryRun: string): Buckets {
    let seconds = this.seconds.get(dryRun)
    if (seconds === undefined) {
      seconds = new Buckets(secondBounds)
      this.seconds.set(dryRun, seconds)
    }
    return seconds
  }
}

/** The counter of one target and status code. */
interface CountedSeries {
  readonly target: TargetSeries
  readonly labels: { readonly dry_run: string; readonly code: string }
  readonly seconds: Buckets
  total: number
}

export function requestMetrics(registry: Registry, flow: FlowControl, resources: ServedResources): RequestMetrics {
  const targets = new Map<string, TargetSeries>()
  const known = new Map<string, CountedSeries>()
  new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code',
    labelNames: countedNames,
    registers: [registry],
    collect() {
      this.reset()
      for (const { target, labels, total } of known.values()) this.inc({ ...target.labels, ...labels }, total)
    },
  })
  const histogram = (name: string, help: string, samples: (series: TargetSeries, name: string) => Iterable<Sample>) =>
    new SampledHistogram(registry, name, help, function* () {
      for (const series of targets.values()) yield* samples(series, name)
    })
  histogram('apiserver_request_duration_seconds', 'Time from receiving a request to the end of its answer', function* (series, name) {
    for (const [dryRun, seconds] of series.seconds) yield* bucketSamples(name, seconds, { ...series.labels, dry_run: dryRun })
  })
  histogram(
    'apiserver_request_sli_duration_seconds',
    'The same without the time in webhooks and in the queues of priority and fairness',
    ({ sliSeconds, labels }, name) => bucketSamples(name, sliSeconds, labels),
  )
  histogram('apiserver_response_sizes', 'Bytes of the answers to reads', ({ bytes, labels }, name) =>
    bytes === undefined ? [] : bucketSamples(name, bytes, labels),
  )
  registerDeprecated(registry, targets)
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that run now',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      let running = 0
      let mutating = 0
      let waiting = 0
      for (const counters of flow.counters) {
        running += counters.executing
        mutating += counters.mutating
        waiting += counters.waiting
      }
      this.set({ request_kind: 'readOnly' }, running - mutating)
      this.set({ request_kind: 'mutating' }, mutating)
      this.set({ request_kind: 'waiting' }, waiting)
    },
  })
  const streams = new Map<string, { readonly labels: Target; open: number }>()
  new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and other streams that are open now',
    labelNames: targetNames,
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, open } of streams.values()) this.set(labels, open)
    },
  })
  // Definitions may always have new names, so series of removed resources are dropped.
  resources.onChange(({ retired }) => {
    for (const { definition } of retired) {
      const { group, version, plural } = definition
      if (resources.find(group, version, plural) !== undefined) continue
      const isGone = ({ labels }: { readonly labels: Target }) =>
        labels.group === group && labels.version === version && labels.resource === plural
      for (const [key, series] of known) if (isGone(series.target)) known.delete(key)
      for (const [key, series] of targets) if (isGone(series)) targets.delete(key)
      for (const [key, series] of streams) if (isGone(series)) streams.delete(key)
    }
  })
  return {
    opened(info) {
      const key = targetKey(info)
      let same = streams.get(key)
      if (same === undefined) {
        same = { labels: targetOf(info), open: 0 }
        streams.set(key, same)
      }
      const counted = same
      counted.open++
      return () => {
        counted.open--
      }
    },
    observe(info, { status, longRunning }, bytes, durationMs, awayMs) {
      const dryRun = dryRunOf(info)
      const key = `${targetKey(info)}/${dryRun}/${status}`
      let series = known.get(key)
      if (series === undefined) {
        series = counted(info, dryRun, status)
        known.set(key, series)
      }
      series.total++
      if (longRunning) return
      series.seconds.observe(durationMs / 1000)
      series.target.sliSeconds.observe((durationMs - awayMs) / 1000)
      series.target.bytes?.observe(bytes)
    },
  }

  function counted(info: RequestInfo | undefined, dryRun: string, status: number): CountedSeries {
    const key = targetKey(info)
    let target = targets.get(key)
    if (target === undefined) {
      target = new TargetSeries(targetOf(info))
      targets.set(key, target)
    }
    return { target, labels: { dry_run: dryRun, code: String(status) }, seconds: target.secondsOf(dryRun), total: 0 }
  }
}

/** As upstream: text from clients does not become a label. */
function dryRunOf(info: RequestInfo | undefined): string {
  if (!info?.isResource || info.served === undefined) return ''
  const value = info.query.get('dryRun')
  return value === undefined || value === '' ? '' : value === 'All' ? 'All' : 'invalid'
}

/** Requested APIs that upstream calls deprecated; none of them has a release of removal. */
const deprecated = new Set(['/v1/endpoints', '/v1/componentstatuses'])

function registerDeprecated(registry: Registry, targets: ReadonlyMap<string, TargetSeries>): void {
  new Gauge({
    name: 'apiserver_requested_deprecated_apis',
    help: 'Deprecated resources that were requested',
    labelNames: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    registers: [registry],
    collect() {
      for (const { labels } of targets.values()) {
        const { group, version, resource, subresource } = labels
        if (deprecated.has(`${group}/${version}/${resource}`)) this.set({ group, version, resource, subresource, removed_release: '' }, 1)
      }
    },
  })
}

const component = 'apiserver'

/** Only served resources become labels: clients must not create series. */
function targetOf(info: RequestInfo | undefined): Target {
  if (!info?.isResource || info.served === undefined)
    return { verb: 'other', group: '', version: '', resource: '', subresource: '', scope: '', component }
  // Strings of the definition: those of the request are slices of its URL and would keep it in memory.
  const { definition, subresources } = info.served
  const { group, version, plural: resource } = definition
  const subresource = [...subresources.keys()].find(name => name === info.subresource) ?? ''
  return { verb: info.verb.toUpperCase(), group, version, resource, subresource, scope: scopeOf(info), component }
}

/** Different for different targets. */
function targetKey(info: RequestInfo | undefined): string {
  if (!info?.isResource || info.served === undefined) return ''
  const { verb, group, version, resource, subresource } = info
  return `${verb}/${group}/${version}/${resource}/${subresource}/${scopeOf(info)}`
}

function scopeOf({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
  if (name !== '') return 'resource'
  return namespace !== '' ? 'namespace' : 'cluster'
}
