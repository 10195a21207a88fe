// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const s9: readonly Sabotage[] = [
  {
    name: 'init containers are not verified',
    file: 'src/admission/plugins/image-policy.ts',
    from: 'const covered = imageUses(located.pod.spec).flatMap(({ name, image }): Covered[] => {',
    to: 'const covered = imageUses({ ...located.pod.spec, initContainers: [] }).flatMap(({ name, image }): Covered[] => {',
    proof: 'S9',
  },
  {
    name: 'an image that was there under another name is not verified',
    file: 'src/admission/plugins/image-policy.ts',
    from: 'if (old.get(name) === image) return []',
    to: 'if ([...old.values()].includes(image) || old.size > 0) return []',
    proof: 'S9',
  },
  {
    name: 'an image of which nothing is known passes',
    file: 'src/admission/plugins/image-policy.ts',
    from: 'if (answer?.known !== true)',
    to: 'if (answer?.known === undefined)',
    proof: 'S9',
  },
  {
    name: 'pods of controllers are taken for verified',
    file: 'src/admission/plugins/image-policy.ts',
    from: 'if (!isPod && isControlled(bound.metadata)) return admitted',
    to: 'if (isControlled(bound.metadata) || !isPod) return admitted',
    proof: 'S9',
  },
  {
    name: 'policies of the cluster hold in no namespace with its own',
    file: 'src/admission/followed-policies.ts',
    from: '[...this.#cluster.values(), ...(own?.values() ?? [])]',
    to: 'own === undefined ? [...this.#cluster.values()] : [...own.values()]',
    proof: 'S9',
  },
  {
    name: 'a policy that is changed keeps its old rules',
    file: 'src/admission/followed-policies.ts',
    from: 'else map.set(key, value)',
    to: 'else if (!map.has(key)) map.set(key, value)',
    proof: 'S9',
  },
]
