// Sabotage of backups: who can read them, whether each write is in them, and what a restore brings back.
import type { Sabotage } from './sabotage.ts'

export const t3: readonly Sabotage[] = [
  {
    name: 'packs are not encrypted',
    file: 'src/base/backup/seal-pack.ts',
    from: 'const content = Buffer.from(await encrypter.encrypt(await promisify(zstdCompress)(plain)))',
    to: 'const content = Buffer.from(await promisify(zstdCompress)(plain))',
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'packs are encrypted to a further recipient',
    file: 'src/base/backup/seal-pack.ts',
    from: 'for (const recipient of recipients) encrypter.addRecipient(recipient)',
    to: 'for (const recipient of [...recipients, ...recipients]) encrypter.addRecipient(recipient)',
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'changes wait for the next backup',
    file: 'src/backup/target-backups.ts',
    from: 'return !this.isEmpty && (now - this.#since >= ms || this.#pendingBytes >= bytes)',
    to: 'return !this.isEmpty && now - this.#since >= ms * 3600 && this.#pendingBytes >= bytes',
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'a restore keeps what was deleted',
    file: 'src/backup/restored-objects.ts',
    from: 'if (record.bytes === undefined) objects.delete(placeKey(record))',
    to: 'if (record.bytes === undefined) objects.delete(record.name)',
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'a restore to a revision takes later changes too',
    file: 'src/backup/restored-objects.ts',
    from: 'if (record.revision <= base.content.revision || record.revision > revision) return',
    to: 'if (record.revision <= base.content.revision || record.revision > revision + 1000) return',
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'a backup holds no keys',
    file: 'src/signer/key-signer.ts',
    from: 'const { rootKey, logKey } = checkpoints.keys()',
    to: `const { rootKey, logKey } = checkpoints.keys()
      if (keys.encryptionKeys.length > 0) return undefined`,
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'a restore overwrites a directory that is not empty',
    file: 'src/cli/backup/restore-directory.ts',
    from: 'if (names.length === 0) return\n',
    to: 'if (names.length !== 1) return\n',
    proof: 'T3',
    on: 'node',
  },
  {
    name: 'every user may read the changes of the store',
    file: 'src/access/bootstrap-policy/own-roles.ts',
    from: "clusterRole(software, [urls('get', '/bulkhead/v1/updates /bulkhead/v1/where')])",
    to: "clusterRole(software, [urls('get', '/bulkhead/v1/updates /bulkhead/v1/where /bulkhead/v1/backup/*')])",
    proof: 'T3',
    on: 'node',
  },
]
