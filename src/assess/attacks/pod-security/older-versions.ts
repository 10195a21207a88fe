// A namespace pinned to an old version of the standards: what later versions allow is refused, and the old annotations count.

import { type LevelledNamespace, type PodSecurityAttempt, podBody } from './levelled-namespace.ts'
import { safeSysctls, sysctlBreach } from './pod-breaches.ts'
import { podOfPodBreach, specWith } from './pod-of-breach.ts'
import { rules } from './rules.ts'

/** The version of the namespace. */
export const oldVersion = 'v1.18'

const seccompOfPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/'

export function oldRules({ namespace }: LevelledNamespace): PodSecurityAttempt[] {
  const path = namespace.core('pods?dryRun=All')
  const laterSysctls = [...safeSysctls['v1.27'], ...safeSysctls['v1.29'], ...safeSysctls['v1.32']].map(name => {
    const breach = sysctlBreach(name)
    return { name, pod: podOfPodBreach(breach, 'bad'), reason: rules.sysctls.reason, field: breach.field }
  })
  const engine = specWith({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } })
  const annotated = (key: string, value: string) => ({
    spec: specWith({ securityContext: { seccompProfile: undefined }, initContainers: [{ ...firstContainer, name: 'init' }] }),
    annotations: { [key]: value },
  })
  const field = 'metadata.annotations'
  const { reason } = rules.seccomp
  const bad = [
    ...laterSysctls,
    {
      name: 'SELinux type container_engine_t',
      pod: { spec: engine },
      reason: rules.seLinux.reason,
      field: 'securityContext.seLinuxOptions',
    },
    { name: 'seccomp annotation of the pod', pod: annotated(seccompOfPod, 'unconfined'), reason, field },
    ...['main', 'init'].map(name => ({
      name: `seccomp annotation of container ${name}`,
      pod: annotated(`${seccompOfContainer}${name}`, 'unconfined'),
      ...{ reason, field },
    })),
  ]
  const good = [
    {
      name: 'sysctls of the first version',
      pod: { spec: specWith({ securityContext: { sysctls: safeSysctls[oldVersion].map(name => ({ name, value: '1' })) } }) },
    },
    { name: 'seccomp annotations of the runtime', pod: annotated(seccompOfPod, 'runtime/default') },
    { name: 'a seccomp annotation of the node', pod: annotated(`${seccompOfContainer}init`, 'localhost/profile.json') },
  ]
  return [
    ...bad.map(({ name, pod, reason: because, field: at }) => ({
      name,
      question: { method: 'POST' as const, path, body: podBody('c3', pod) },
      reasons: [because],
      field: at,
    })),
    ...good.map(({ name, pod }) => ({
      name,
      question: { method: 'POST' as const, path, body: podBody('c3', pod) },
      reasons: [],
      field: '',
    })),
  ]
}

const [firstContainer] = specWith({}).containers
