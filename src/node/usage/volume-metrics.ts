// The room in claims' volumes, as drivers say it and as the node's own disk has it, as the kubelet's metrics. Pure.
import type { CsiAnswer } from '../../base/csi/csi-methods.ts'

export interface VolumeStats {
  readonly namespace: string
  readonly claim: string
  readonly usage: readonly VolumeUsage[]
}

/** A device has a size alone. */
export interface VolumeUsage {
  readonly unit: CsiAnswer<'NodeGetVolumeStats'>['usage'][number]['unit']
  readonly total: number
  readonly available?: number
  readonly used?: number
}

const figures: readonly {
  readonly name: string
  readonly help: string
  readonly unit: 'BYTES' | 'INODES'
  of(usage: VolumeUsage): number | undefined
}[] = [
  { name: 'available_bytes', help: 'Number of available bytes in the volume', unit: 'BYTES', of: ({ available }) => available },
  { name: 'capacity_bytes', help: 'Capacity in bytes of the volume', unit: 'BYTES', of: ({ total }) => total },
  { name: 'inodes', help: 'Maximum number of inodes in the volume', unit: 'INODES', of: ({ total }) => total },
  { name: 'inodes_free', help: 'Number of free inodes in the volume', unit: 'INODES', of: ({ available }) => available },
  { name: 'inodes_used', help: 'Number of used inodes in the volume', unit: 'INODES', of: ({ used }) => used },
  { name: 'used_bytes', help: 'Number of used bytes in the volume', unit: 'BYTES', of: ({ used }) => used },
]

/** Lines of Prometheus' text format, each claim once. */
export function volumeMetrics(stats: Iterable<VolumeStats>): string {
  const claims = new Map(
    [...stats].map(each => [`namespace="${each.namespace}",persistentvolumeclaim="${each.claim}"`, each.usage] as const),
  )
  const lines: string[] = []
  for (const { name, help, unit, of } of figures) {
    const series = [...claims].flatMap(([labels, usage]) => {
      const found = usage.find(each => each.unit === unit)
      const value = found && of(found)
      return value === undefined ? [] : [`kubelet_volume_stats_${name}{${labels}} ${value}`]
    })
    if (series.length === 0) continue
    lines.push(`# HELP kubelet_volume_stats_${name} [ALPHA] ${help}`, `# TYPE kubelet_volume_stats_${name} gauge`, ...series)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
