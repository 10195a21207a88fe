import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { WitnessCall } from '../../../api/nodes/witness-call.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { cosign } from '../../../base/tlog/cosignature.ts'
import { parseNote, signatureLine } from '../../../base/tlog/note.ts'
import { parseSubmission } from '../../../base/tlog/witness-submission.ts'
import { NodeWitness } from '../../../node/witness/node-witness.ts'
import { AttemptLog } from '../../attempt-log.ts'
import { attackWitnessOfNode } from './witness-of-node.ts'

test('attackWitnessOfNode() holds against the witness of a node', async () => {
  const attempts = new AttemptLog()
  const open = (folder: string) => NodeWitness.open({ nodeName: 'n1', folder, clock: systemClock, log: silentLogger })
  assert.equal(await attackWitnessOfNode({ attempts }, open), 7)
  assert.deepEqual([attempts.all.length, attempts.found], [9, []])
})

test('attackWitnessOfNode() sees a witness that cosigns everything, one that cosigns nothing, and one with another key', async () => {
  const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const cosigned = async ({ submission }: WitnessCall) => {
    const { text } = parseNote(parseSubmission(submission).checkpoint)
    return { status: 200, body: signatureLine(cosign(text, 'n1', own.privateKey, 1)) }
  }
  const refused = async () => ({ status: 409, body: '' })
  for (const [publicKey, answer, found] of [
    [own.publicKey, cosigned, 7],
    [own.publicKey, refused, 2],
    [other.publicKey, cosigned, 9],
  ] as const) {
    const attempts = new AttemptLog()
    await attackWitnessOfNode({ attempts }, async () => ({ publicKey, answer }))
    assert.equal(attempts.found.length, found)
  }
})
