// Sabotage of pulls from the cluster's registry: on the node, and in its questions.
import type { Sabotage } from './sabotage.ts'

const right = 'src/node/images/require-pull-right.ts'
const registry = 'src/node/images/cluster-registry.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S12' })

export const s12: readonly Sabotage[] = [
  sabotage(
    'the right is not asked for',
    registry,
    'if (own.has(registry.toLowerCase())) return await',
    'if (own.has(registry) && own.size === 0) return await',
  ),
  sabotage(
    'images that are on the node are for all',
    'src/node/worker/pod-worker.ts',
    'const registryAuth = await requireStartable(this.#node, this.#pod, container, signal)',
    "const registryAuth = await requireStartable(this.#node, this.#pod, container, signal).catch(() => ({ username: 'pod' }))",
  ),
  sabotage(
    "images that the cluster's registry keeps of another one take no right",
    registry,
    'if (pullThrough === undefined || host === undefined) return undefined',
    'if (pullThrough === undefined || host !== undefined) return undefined',
  ),
  sabotage('nodes know no mirrors', registry, 'if (mirrors === undefined) return undefined', 'if (mirrors !== null) return undefined'),
  sabotage(
    'the namespace that keeps the images of another registry is not read',
    'src/api/registry-mirrors.ts',
    'const pullThrough = before?.pullThrough ?? spec.pullThrough?.namespace',
    'const pullThrough = before?.pullThrough',
  ),
  sabotage('a refusal is ignored', right, 'if (right?.allowed !== false) return right?.auth', 'if (right !== undefined) return {}'),
  sabotage('whoever is known may pull', registry, 'status.allowed?.includes(name) === true', 'status.allowed !== undefined'),
  sabotage(
    'a right that was there once stays',
    registry,
    'const token = await tokens.token(pod, registryAudience, tokenSeconds, signal)',
    'const token = await tokens.token(pod, registryAudience, tokenSeconds, signal)\n    if (own.has(pod.spec.serviceAccountName ?? "")) return { allowed: true, auth: {} }\n    own.add(pod.spec.serviceAccountName === "may" ? "may" : "")',
  ),
]
