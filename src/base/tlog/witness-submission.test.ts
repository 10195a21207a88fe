import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { formatCheckpoint } from './checkpoint.ts'
import { CompactTree } from './compact-tree.ts'
import { cosignedAt } from './cosignature.ts'
import { emptyRoot, leafHash } from './hashes.ts'
import { formatNote, parseNote, parseSignatures, signNote } from './note.ts'
import {
  answerSubmission,
  formatSubmission,
  maxSubmissionBytes,
  parseSubmission,
  type Witnessed,
  type WitnessState,
} from './witness-submission.ts'

const log = generateKeyPairSync('ed25519')
const own = generateKeyPairSync('ed25519')
const origin = 'example.com/log'
const leaves = ['a', 'b', 'c'].map(text => leafHash(Buffer.from(text)))
const treeOf = (size: number) => {
  const tree = new CompactTree()
  for (const leaf of leaves.slice(0, size)) tree.append(leaf)
  return { size, root: tree.root() }
}
const noteOf = ({ size, root }: Witnessed, by = log.privateKey, of = origin) => {
  const text = formatCheckpoint({ origin: of, size, root })
  return formatNote({ text, signatures: [signNote(text, of, by)] })
}
const witness = (known?: Witnessed): WitnessState => ({
  ...{ name: 'w.example', privateKey: own.privateKey },
  keyOf: name => (name === origin ? { name, type: 1, publicKey: log.publicKey } : undefined),
  witnessed: () => known,
})
const proof = leaves.slice(2)

test('answerSubmission() cosigns the first checkpoint and one that continues it, and says what to store', () => {
  const first = answerSubmission(formatSubmission({ oldSize: 0, proof: [], checkpoint: noteOf(treeOf(2)) }), witness(), 1000)
  assert.equal(first.status, 200)
  const checkpoint = noteOf(treeOf(3))
  const second = answerSubmission(formatSubmission({ oldSize: 2, proof, checkpoint }), witness(treeOf(2)), 1001)
  assert.deepEqual([second.status, second.store], [200, { origin, note: checkpoint }])
  const note = parseNote(checkpoint)
  const cosigned = { ...note, signatures: [...note.signatures, ...parseSignatures(second.body)] }
  assert.equal(cosignedAt(cosigned, { name: 'w.example', type: 4, publicKey: own.publicKey }), 1001)
})

const other = { size: 3, root: emptyRoot }
const refused: readonly {
  readonly name: string
  readonly body: string
  readonly known?: Witnessed
  readonly status: number
  readonly says: RegExp
}[] = [
  { name: 'a malformed body', body: 'old x\n\n', status: 400, says: /old SIZE/ },
  { name: 'a body that is too long', body: 'x'.repeat(maxSubmissionBytes + 1), status: 400, says: /more than/ },
  { name: 'too many hashes', body: `old 0\n${'A\n'.repeat(64)}\nx`, status: 400, says: /more than 63 hashes/ },
  {
    name: 'an unknown log',
    body: formatSubmission({ oldSize: 0, proof: [], checkpoint: noteOf(treeOf(2), log.privateKey, 'x') }),
    status: 404,
    says: /unknown/,
  },
  {
    name: 'a foreign signature',
    body: formatSubmission({ oldSize: 0, proof: [], checkpoint: noteOf(treeOf(2), own.privateKey) }),
    status: 403,
    says: /no trusted key/,
  },
  {
    name: 'an old size above the new',
    body: formatSubmission({ oldSize: 3, proof: [], checkpoint: noteOf(treeOf(2)) }),
    status: 400,
    says: /larger/,
  },
  {
    name: 'a rollback',
    body: formatSubmission({ oldSize: 0, proof: [], checkpoint: noteOf(treeOf(2)) }),
    known: treeOf(3),
    status: 409,
    says: /^3\n$/,
  },
  {
    name: 'a fork of the same size',
    body: formatSubmission({ oldSize: 3, proof: [], checkpoint: noteOf(other) }),
    known: treeOf(3),
    status: 409,
    says: /another tree/,
  },
  {
    name: 'a fork',
    body: formatSubmission({ oldSize: 2, proof, checkpoint: noteOf(other) }),
    known: treeOf(2),
    status: 422,
    says: /does not continue/,
  },
  {
    name: 'a missing proof',
    body: formatSubmission({ oldSize: 2, proof: [], checkpoint: noteOf(treeOf(3)) }),
    known: treeOf(2),
    status: 422,
    says: /does not continue/,
  },
]
for (const { name, body, known, status, says } of refused) {
  test(`answerSubmission() refuses ${name}`, () => {
    const answer = answerSubmission(body, witness(known), 1000)
    assert.deepEqual([answer.status, answer.store], [status, undefined])
    assert.match(answer.body, says)
  })
}

test('parseSubmission() reads what formatSubmission() wrote', () => {
  const submission = { oldSize: 2, proof, checkpoint: noteOf(treeOf(3)) }
  assert.deepEqual(parseSubmission(formatSubmission(submission)), submission)
})
