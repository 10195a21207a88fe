// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const t2: readonly Sabotage[] = [
  {
    name: 'a block that follows another than before is accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (isNew && !this.#chain.link.equals(link))',
    to: 'if (isNew && this.#chain.link.length !== link.length)',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'missing old blocks are accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (this.#chain.state.blocks !== base.state.blocks)',
    to: 'if (this.#chain.state.blocks === 0n && base.state.blocks !== 0n)',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'the summary of a store may be changed',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (base?.floor !== this.#floor) throw new RecordDamaged',
    to: 'if (base === undefined) throw new RecordDamaged',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'changed marks are accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (this.#chain.state.marks !== base.state.marks) throw',
    to: 'if (this.#chain.state.marks === base.state.marks + 1n) throw',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'records that exist twice are accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (revision <= before) throw new RecordDamaged',
    to: 'if (revision < 0) throw new RecordDamaged',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a cut tag is accepted',
    file: 'src/store/records/seal.ts',
    from: `{ authTagLength: tagLength })
  decipher.setAAD`,
    to: `{})
  decipher.setAAD`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'the key of the data is made from few bytes',
    file: 'src/cluster/signer-sealer.ts',
    from: 'const key = randomBytes(keyBytes)',
    to: 'const key = Buffer.concat([randomBytes(1), Buffer.alloc(keyBytes - 1)])',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'files of large objects have one nonce',
    file: 'src/store/large/overflow-folder.ts',
    from: 'nonce.writeUIntLE(number, 0, 6)',
    to: 'nonce.writeUIntLE(number * 0, 0, 6)',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'any state with the right length is the signed one',
    file: 'src/store/records/store-head.ts',
    from: 'if (Buffer.from(link).equals(this.#head.digest)) this.#found = true',
    to: 'if (link.length > 0) this.#found = true',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'the head of the store is remembered in memory alone',
    file: 'src/signer/stored-head.ts',
    from: 'folder.write(file, `${JSON.stringify(fields(head))}\\n`))',
    to: 'void fields(head))',
    proof: 'T2',
    on: 'node',
  },
]
