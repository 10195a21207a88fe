// A CSIDriver whose label says for which levels its inline volumes are harmless: by no pod of a stricter namespace.
import { csiDrivers } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { podBody } from './levelled-namespace.ts'
import { specWith } from './pod-of-breach.ts'

const label = 'security.kubernetes.io/csi-ephemeral-volume-profile'
/** From the strictest on. The last is no level. */
const profiles = ['restricted', 'baseline', 'privileged', 'everybody'] as const

export interface LevelOfNamespace {
  readonly namespace: ProofNamespace
  readonly level: Exclude<(typeof profiles)[number], 'everybody'>
}

/** `all`: namespaces with and without the label of the level. The drivers do not exist on any node, so that nothing is mounted. */
export async function inlineVolumes(context: ProofContext, all: readonly LevelOfNamespace[], signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  const [first] = all
  if (first === undefined) throw new Error('a namespace is missing')
  await using cluster = new ClusterObjects(context, first.namespace)
  const nameOf = (profile: string) => `${cluster.prefix}-${profile}.prove.bulkhead.dev`
  const spec = { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] }
  for (const profile of [...profiles, undefined]) {
    const metadata = { name: nameOf(profile ?? 'none'), ...(profile === undefined ? {} : { labels: { [label]: profile } }) }
    await cluster.create(csiDrivers, { metadata, spec }, signal)
  }
  const path = (namespace: ProofNamespace) => namespace.core('pods?dryRun=All')
  const volume = (name: string, profile: string) => ({ name, csi: { driver: nameOf(profile) } })
  const question = (namespace: ProofNamespace, volumes: readonly ReturnType<typeof volume>[]) =>
    ({ method: 'POST', path: path(namespace), body: podBody('c3', { spec: specWith({ volumes }) }) }) as const
  for (const [index, { namespace, level }] of all.entries()) {
    const where = `in namespace ${index + 1}, ${level}`
    for (const [at, profile] of profiles.entries()) {
      const name = `inline volume of a driver for ${profile} namespaces ${where}`
      const harmless = at <= profiles.indexOf(level) && profile !== 'everybody'
      // The harmless one comes first: whoever looks at one volume alone looks at that one.
      const pod = question(namespace, [volume('harmless', 'none'), volume('attacked', profile)])
      const names = profile === 'everybody' ? `must be privileged, baseline, restricted, got "${profile}"` : `level "${profile}" or less`
      if (harmless) await attempts.accepted(name, transport, pod, signal)
      else await attempts.refused(name, transport, pod, { names }, signal)
    }
    await attempts.accepted(
      `inline volume of a driver without the label ${where}`,
      transport,
      question(namespace, [volume('v', 'none')]),
      signal,
    )
  }
}
