import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { PersistentVolume } from '../../api/types/core-v1.ts'
import { fits, neverFits, type SchedulerPlugin } from '../framework/framework.ts'

/** Zone and region labels of volumes, with the current labels of nodes for the same. */
const places: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
}

/** A pod goes to the zone and region of its bound volumes, if their labels name them. */
export const volumeZone: SchedulerPlugin = {
  name: 'VolumeZone',
  weight: 0,
  wakesOn: ['node-changed', 'volume-changed'],
  prepare(pod, { volumes }) {
    const wanted = (pod.spec.volumes ?? []).flatMap(volume => {
      const name = claimNameOf(pod, volume)
      const claim = name === undefined ? undefined : volumes.claim(pod.metadata.namespace ?? '', name)
      const bound = volumes.volume(claim?.spec.volumeName ?? '')
      return bound === undefined ? [] : placesOf(bound)
    })
    if (wanted.length === 0) return undefined
    return {
      filter({ labels }) {
        // Nodes without any zone belong to a cluster without zones.
        if (!Object.keys(places).some(key => labels[key] !== undefined)) return fits
        const isThere = wanted.every(({ key, values }) => values.includes(labels[key] ?? labels[places[key] ?? ''] ?? ''))
        return isThere ? fits : neverFits('node(s) had no available volume zone')
      },
    }
  },
}

/** A replicated volume has several zones, as in `a__b`. */
function placesOf({ metadata: { labels = {} } }: PersistentVolume): { readonly key: string; readonly values: readonly string[] }[] {
  return Object.keys(places).flatMap(key => {
    const value = labels[key]
    return value === undefined ? [] : [{ key, values: value.split('__').map(zone => zone.trim()) }]
  })
}
