// Sabotage of the Merkle log: its signer, its epochs, its verification, its witnesses, and the watch over its files.
import type { Sabotage } from './sabotage.ts'

export const o12: readonly Sabotage[] = [
  {
    name: 'the signer signs a tree that does not continue the one before',
    file: 'src/signer/audit-checkpoints.ts',
    from: 'if (!isConsistent({ oldSize, oldRoot, size, root, hashes }))',
    to: 'if (!isConsistent({ oldSize, oldRoot, size, root, hashes }) && size === oldSize)',
    proof: 'O12',
  },
  {
    name: 'the key of an epoch signs forever',
    file: 'src/signer/audit-checkpoints.ts',
    from: '>= epochMs) await this.#nextEpoch',
    to: '>= epochMs * 1e6) await this.#nextEpoch',
    proof: 'O12',
  },
  {
    name: 'the key of an epoch that is over stays on the disk',
    file: 'src/signer/audit-memory.ts',
    from: 'keepEpoch: next => folder.replaceSecret(epochFile, epochText(next)),',
    to: `keepEpoch: async next => {
      await folder.write(\`before-\${next.epoch}-\${epochFile}\`, (await folder.read(epochFile)) ?? '')
      await folder.replaceSecret(epochFile, epochText(next))
    },`,
    proof: 'O12',
  },
  {
    name: 'the last records of a quiet log wait for others',
    file: 'src/access/audit/checkpoints.ts',
    from: 'if (now.size <= this.#signed.size) return',
    to: 'if (now.size <= this.#signed.size + 20) return',
    proof: 'O12',
  },
  {
    name: 'the verifier does not compare the log with the certificates of epochs',
    file: 'src/access/audit/verify-log.ts',
    from: 'of this.#chain.epochs) this.#mustContinue',
    to: 'of this.#chain.epochs.slice(0, 0)) this.#mustContinue',
    proof: 'O12',
  },
  {
    name: 'the verifier does not compare tiles',
    file: 'src/access/audit/tile-comparison.ts',
    from: 'if (found?.equals(bytes)) return',
    to: 'if (found !== undefined) return',
    proof: 'O12',
  },
  {
    name: 'the verifier does not miss the end of a log',
    file: 'src/access/audit/verify-log.ts',
    from: 'if (seenSize < this.#first || seenSize === 0) continue',
    to: 'if (seenSize >= 0) continue',
    proof: 'O12',
  },
  {
    name: 'checkpoints that witnesses kept are not compared',
    file: 'src/access/audit/verify-log.ts',
    from: 'for (const each of seen) this.#mustContinue(each)',
    to: 'for (const each of seen.slice(0, 0)) this.#mustContinue(each)',
    proof: 'O12',
  },
  {
    name: 'a witness that saw more records raises no alarm',
    file: 'src/access/audit/outputs/witnesses.ts',
    from: 'if (known.size > size)',
    to: 'if (known.size > size + 1e9)',
    proof: 'O12',
  },
  {
    name: 'a changed current file is written on',
    file: 'src/access/audit/log-writer.ts',
    from: 'if (changed === undefined) return',
    to: 'if (changed === undefined || changed > 0n) return',
    proof: 'O12',
  },
]
