// Sabotage of snapshots of volumes: their keys, their end, and who restores them.
import type { Sabotage } from './sabotage.ts'

const plan = 'src/controllers/snapshots/snapshot-plan.ts'
const content = 'src/controllers/local-volumes/snapshot-content-plan.ts'
const proof = 'T1'

export const t1: readonly Sabotage[] = [
  {
    name: 'a content belongs to every snapshot of its name, in any namespace',
    file: plan,
    from: "return name === metadata.name && namespace === metadata.namespace && (uid === '' || uid === metadata.uid)",
    to: "return name === metadata.name && (namespace === metadata.namespace || uid !== '')",
    proof,
  },
  {
    name: 'whoever names the content of a snapshot gets it',
    file: plan,
    from: 'if (!isContentOf(content, snapshot))\n    return failed(',
    to: "if (content.metadata.name === '')\n    return failed(",
    proof,
  },
  {
    name: 'snapshots have no key of their own',
    file: 'src/controllers/local-volumes/local-volume-snapshotter.ts',
    from: "if (spec.encryption === 'required') await settings.volumeKeys.copy(",
    to: "if (spec.encryption === 'never') await settings.volumeKeys.copy(",
    proof,
  },
  {
    name: 'snapshots of encrypted volumes are in clear',
    file: content,
    from: 'encryption: source.spec.encryption,',
    to: "encryption: 'none',",
    proof,
  },
  {
    name: 'what a snapshot holds outlives its content',
    file: content,
    from: "if (spec.deletionPolicy !== 'Delete') return { step: 'retain' }",
    to: "if (spec.deletionPolicy === 'Delete') return { step: 'retain' }",
    proof,
  },
  {
    name: 'the content of a snapshot outlives it',
    file: plan,
    from: "if (content.spec.deletionPolicy === 'Delete')",
    to: "if (content.spec.deletionPolicy === 'Never')",
    proof,
  },
]
