// Sabotage of TUF repositories: what of their metadata is not checked.
import type { Sabotage } from './sabotage.ts'

const update = 'src/supply-chain/signatures/tuf/update-tuf.ts'
const sabotage = (name: string, from: string, to: string): Sabotage => ({ name, file: update, from, to, proof: 'S6' })

export const s6: readonly Sabotage[] = [
  sabotage(
    'a root need not be signed by the keys before it',
    'requireSigned(name, root, MetadataKind.Root, next)',
    'requireSigned(name, first, MetadataKind.Root, first)',
  ),
  sabotage(
    'a root need not be signed by its own keys',
    'requireSigned(name, next, MetadataKind.Root, next)',
    'requireSigned(name, first, MetadataKind.Root, first)',
  ),
  sabotage(
    'a root may have any version',
    'requireVersion(name, next.signed.version, root.signed.version + 1)',
    'requireVersion(name, next.signed.version, next.signed.version)',
  ),
  sabotage(
    'a timestamp does not expire',
    "requireFresh('timestamp.json', timestamp.metadata, reference)",
    "requireFresh('timestamp.json', root, reference)",
  ),
  sabotage('targets do not expire', 'requireFresh(targetsName, targets.metadata, reference)', 'requireFresh(targetsName, root, reference)'),
  sabotage(
    'anybody signs the snapshot',
    'requireSigned(snapshotName, root, MetadataKind.Snapshot, snapshot.metadata)',
    'snapshot.metadata.signed.version',
  ),
  sabotage('an older snapshot is accepted', 'snapshotMeta.version, atLeast.snapshot)', 'snapshotMeta.version, 0)'),
  sabotage('older targets are accepted', 'targetsMeta.version, atLeast.targets)', 'targetsMeta.version, 0)'),
  sabotage(
    'the snapshot of another release is accepted',
    'requireHash(snapshotName, () => snapshotMeta.verify(snapshot.bytes))',
    'requireHash(snapshotName, () => undefined)',
  ),
  sabotage(
    'targets of another version are accepted',
    'requireVersion(targetsName, targets.metadata.signed.version, targetsMeta.version)',
    'requireVersion(targetsName, targetsMeta.version, targetsMeta.version)',
  ),
  sabotage(
    'anybody signs the targets',
    'requireSigned(targetsName, root, MetadataKind.Targets, targets.metadata)',
    'targets.metadata.signed.version',
  ),
  sabotage(
    'the content of a target is not compared',
    '    requireTarget(name, target, bytes)\n',
    '    if (bytes.length === 0) requireTarget(name, target, bytes)\n',
  ),
]
