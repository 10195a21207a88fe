// Sabotage of image policies: in admission, in the verdicts, and on the node.
import type { Sabotage } from './sabotage.ts'

const plugin = 'src/admission/plugins/image-policy.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S9' })

export const s9: readonly Sabotage[] = [
  sabotage('subresources of pods are not evaluated', plugin, "resources: [...podResources, 'pods/*']", 'resources: podResources'),
  sabotage(
    'the policies of a namespace are not known',
    'src/admission/followed-policies.ts',
    '[...this.#cluster.values(), ...(own?.values() ?? [])]',
    '[...this.#cluster.values()]',
  ),
  sabotage(
    'a pod is bound whatever its images are',
    plugin,
    "const isBinding = request.subresource === 'binding'",
    'const isBinding = false',
  ),
  sabotage(
    'templates of workloads are not evaluated',
    plugin,
    'if (!isPod && isControlled(bound.metadata)) return admitted',
    'if (!isPod) return admitted',
  ),
  sabotage(
    'the node starts what is refused',
    'src/node/worker/container-start.ts',
    'if (refused !== undefined) return fail',
    'if (refused === "") return fail',
  ),
  sabotage(
    'pods are not told of a refusal',
    'src/controllers/image-verdict-plan.ts',
    "if (verdict?.verdict === 'Refused') refused.push",
    "if (verdict?.verdict === 'Unverified') refused.push",
  ),
]
