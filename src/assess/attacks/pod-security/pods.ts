// Each rule alone in a new pod, and in an ephemeral container of a stored one.

import { mergePatch, strategicPatch } from '../../request.ts'
import { type PodAttack, reasonsAt } from './attacks.ts'
import { containerBreaches } from './container-breaches.ts'
import { type LevelledNamespace, type PodSecurityAttempt, podBody } from './levelled-namespace.ts'
import { ephemeralWith, specWith } from './pod-of-breach.ts'

/** The pod to which ephemeral containers are added. */
export const target = { name: 'target', body: podBody('target', { spec: specWith({ hostUsers: false }) }) }

export function newPods({ namespace }: LevelledNamespace, attacks: readonly PodAttack[]): PodSecurityAttempt[] {
  const path = namespace.core('pods?dryRun=All')
  return attacks.flatMap(({ name, bad, twin, reasons }) => [
    { name, question: { method: 'POST', path, body: podBody('c3', bad) }, reasons, field: bad.field },
    { name: `twin of ${name}`, question: { method: 'POST', path, body: podBody('c3', twin) }, reasons: [], field: '' },
  ])
}

/** The namespace has the pod `target`. */
export function ephemeralContainers({ namespace, level }: LevelledNamespace): PodSecurityAttempt[] {
  const path = namespace.core(`pods/${target.name}/ephemeralcontainers?dryRun=All`)
  const breaches = containerBreaches.filter(({ places }) => places?.includes('ephemeral') !== false)
  return breaches.flatMap((breach, index) => {
    const patch = (choice: 'bad' | 'good') => ({
      method: 'PATCH' as const,
      path,
      // The patch types differ in how they write the list.
      contentType: index % 2 === 0 ? strategicPatch : mergePatch,
      body: { spec: { ephemeralContainers: [ephemeralWith('first', {}), ephemeralWith('second', breach[choice])] } },
    })
    const name = `${breach.name} in an ephemeral container`
    const reasons = reasonsAt(breach, level)
    return [
      { name, question: patch('bad'), reasons, field: `ephemeralContainers[1].${breach.field}` },
      { name: `twin of ${name}`, question: patch('good'), reasons: [], field: '' },
    ]
  })
}
