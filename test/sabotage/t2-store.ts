// Sabotage of encryption at rest: what the files of the data directory show, and whether a change of them is noticed.
import type { Sabotage } from './sabotage.ts'

export const t2: readonly Sabotage[] = [
  {
    name: 'records are stored in clear text',
    file: 'src/store/records/seal.ts',
    from: "import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'",
    to: `import type { KeyObject } from 'node:crypto'
const noCipher = () => ({ setAAD() {}, setAuthTag() {}, update: (text: Uint8Array) => text, final() {}, getAuthTag: () => Buffer.alloc(16) })
const [createCipheriv, createDecipheriv] = [noCipher, noCipher]`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'records are sealed with one nonce',
    file: 'src/store/records/seal.ts',
    from: 'nonce.writeUIntLE(seals, 0, 6)',
    to: 'nonce.writeUIntLE(seals > 0 ? 1 : 0, 0, 6)',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a seal that does not match is accepted',
    file: 'src/store/records/seal.ts',
    from: `    // Node only reports "unable to authenticate"; the caller words the error.
    return undefined`,
    to: '    return plain',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a block in the place of another is accepted',
    file: 'src/store/records/seal.ts',
    from: 'if (keys[0] !== first) throw',
    to: 'if (keys[0] === undefined) throw',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a missing revision is accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (revision !== this.#revision + 1) throw',
    to: 'if (revision < this.#revision + 1) throw',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'marks of young records as replaced are accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: `if (young !== undefined)
      throw`,
    to: `if (young === 0)
      throw`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'the floor of the history may be raised',
    file: 'src/store/sqlite/log-database.ts',
    from: 'if (base?.floor !== this.#floor) throw',
    to: 'if (base === undefined) throw',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a trigger in the file is accepted',
    file: 'src/store/sqlite/log-database.ts',
    from: `if (foreign !== undefined)
`,
    to: `if (foreign?.['type'] === 'view')
`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a store that was rolled back is accepted',
    file: 'src/store/records/store-head.ts',
    from: 'if (this.#head === undefined || this.#found) return undefined',
    to: 'if (this.#head === undefined || this.#found || end > 0) return undefined',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'the signer forgets its memory of the store',
    file: 'src/signer/stored-head.ts',
    from: 'if (stored === undefined && !mayMake) {',
    to: "if (stored === undefined && !mayMake && log === 'audit log') {",
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'the head of the store is not reported to the signer',
    file: 'src/store/records/head-keeper.ts',
    from: `    const head = this.#moved
    if (head === undefined) return
`,
    to: `    const head = this.#moved
    if (head === undefined || head.revision > 1) return
`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'all data keys are equal',
    file: 'src/cluster/signer-sealer.ts',
    from: 'const key = randomBytes(keyBytes)',
    to: 'const key = Buffer.alloc(keyBytes, 7)',
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'data keys lie beside the data in clear text',
    file: 'src/cluster/signer-sealer.ts',
    from: `      const { wrapped } = await signer.wrapKey(key, limited())
      return { id: randomBytes(8).toString('hex'), key, wrapped }
    },
    unwrapDataKey: wrapped => signer.unwrapKey(wrapped, limited()),`,
    to: `      await signer.wrapKey(key, limited())
      return { id: randomBytes(8).toString('hex'), key, wrapped: key }
    },
    unwrapDataKey: async wrapped => wrapped,`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'large objects lie in files in clear text',
    file: 'src/store/large/overflow-folder.ts',
    from: `    const sealed = cipher.update(bytes)
    cipher.final()
    return { place: { number, tag: cipher.getAuthTag() }, sealed }`,
    to: `    cipher.update(bytes)
    cipher.final()
    return { place: { number, tag: cipher.getAuthTag() }, sealed: bytes }`,
    proof: 'T2',
    on: 'node',
  },
  {
    name: 'a changed file of a large object is read',
    file: 'src/store/large/overflow-folder.ts',
    from: `    decipher.final()
    return bytes`,
    to: '    return bytes',
    proof: 'T2',
    on: 'node',
  },
]
