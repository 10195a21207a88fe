// The kubelet's page `/metrics/resource` (KEP-727): usage of containers, pods and the node, for Prometheus. Pure.
import type { ContainerTotals, Sample, Totals } from './usage-sampler.ts'

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

type Labels = Readonly<Record<string, string>>

interface Series {
  readonly labels: Labels
  readonly totals: Totals
}

/** Names, help and types as upstream. Without a sample the page contains only an error. */
export function resourceMetrics(sample: Sample | undefined): string {
  const lines: string[] = []
  if (sample !== undefined) {
    const containers = [...sample.containers.values()]
    const ofContainers = containers.map(each => ({
      labels: { container: each.name, namespace: each.namespace, pod: each.pod },
      totals: each,
    }))
    const ofPods = podsOf(containers)
    const ofNode: Series[] = [{ labels: {}, totals: sample.machine }]
    const cpu = (of: string, series: readonly Series[]): void =>
      write(lines, sample.at, series, {
        name: `${of}_cpu_usage_seconds_total`,
        help: `[STABLE] Cumulative cpu time consumed by the ${of} in core-seconds`,
        type: 'counter',
        value: ({ cpuNanoseconds }) => cpuNanoseconds / 1e9,
      })
    const memory = (of: string, series: readonly Series[]): void =>
      write(lines, sample.at, series, {
        name: `${of}_memory_working_set_bytes`,
        help: `[STABLE] Current working set of the ${of} in bytes`,
        type: 'gauge',
        value: ({ memoryBytes }) => memoryBytes,
      })
    for (const write of [cpu, memory]) {
      write('container', ofContainers)
      write('node', ofNode)
      write('pod', ofPods)
    }
  }
  lines.push('# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise')
  lines.push('# TYPE resource_scrape_error gauge', `resource_scrape_error ${sample === undefined ? 1 : 0}`)
  return `${lines.join('\n')}\n`
}

/** A pod's usage is the sum of its measured containers. */
function podsOf(containers: readonly ContainerTotals[]): Series[] {
  return [...Map.groupBy(containers, ({ podUid }) => podUid).values()].flatMap(group => {
    const [first] = group
    if (first === undefined) return []
    const sum = (of: (each: Totals) => number): number => group.reduce((total, each) => total + of(each), 0)
    const totals = { cpuNanoseconds: sum(each => each.cpuNanoseconds), memoryBytes: sum(each => each.memoryBytes) }
    return [{ labels: { namespace: first.namespace, pod: first.pod }, totals }]
  })
}

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  value(totals: Totals): number
}

function write(lines: string[], at: number, series: readonly Series[], { name, help, type, value }: Metric): void {
  if (series.length === 0) return
  lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
  for (const { labels, totals } of series) lines.push(`${name}${labelText(labels)} ${value(totals)} ${at}`)
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
