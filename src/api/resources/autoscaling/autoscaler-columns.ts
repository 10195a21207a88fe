// The columns of both versions of HorizontalPodAutoscaler.

import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../types/autoscaling-v2.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const shownMetrics = 2
const sources = ['external', 'pods', 'object', 'resource', 'containerResource'] as const
const unknown = '<unknown>'

export const autoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  { name: 'Reference', type: 'string', cell: ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` },
  { name: 'Targets', type: 'string', cell: targetsCell },
  { name: 'MinPods', type: 'string', cell: ({ spec }) => String(spec.minReplicas ?? '<unset>') },
  { name: 'MaxPods', type: 'string', cell: ({ spec }) => spec.maxReplicas },
  { name: 'Replicas', type: 'string', cell: ({ status }) => status?.currentReplicas ?? 0 },
  ageColumn,
]

function targetsCell({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const texts = metrics.slice(0, shownMetrics).map((metric, index) => metricText(metric, status?.currentMetrics?.[index]))
  const more = metrics.length > shownMetrics ? ` + ${metrics.length - shownMetrics} more...` : ''
  return `${texts.join(', ')}${more}`
}

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  for (const name of sources) {
    const target = metric[name]?.target
    if (target === undefined) continue
    const current = status?.[name]?.current
    if (name === 'pods') return `${presentAmount(current, current?.averageValue)}/${target.averageValue}`
    if (name === 'resource') return `${metric.resource?.name}: ${resourceText(target, current)}`
    if (name === 'containerResource') return `${metric.containerResource?.name}: ${resourceText(target, current)}`
    if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
    return `${presentAmount(current, current?.value)}/${target.value}`
  }
  return '<unknown type>'
}

function resourceText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${presentAmount(current, current?.averageValue)}/${target.averageValue}`
  const used = current?.averageUtilization
  return `${used === undefined ? unknown : `${used}%`}/${target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`
}

/** Upstream has a nil pointer for an amount that an existing status lacks, and prints it as such. */
const presentAmount = (current: MetricValueStatus | undefined, amount: string | undefined): string =>
  current === undefined ? unknown : (amount ?? '<nil>')
