import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PolicyViolation } from './policy.ts'
import type { TokenResult } from './protocol.ts'
import { SignerFailure } from './signer-failure.ts'
import { type Claims, createTokenBatches } from './token-batches.ts'

const claims = (namespace: string, name: string, rest: object = {}) => ({ sub: `system:serviceaccount:${namespace}:${name}`, ...rest })
const nextTurn = () => new Promise(resolve => setImmediate(resolve))

/** A signer that answers a batch when the test decides. */
function heldSigner() {
  const open: { readonly batch: () => readonly Claims[]; readonly answer: (results: readonly TokenResult[]) => void }[] = []
  const sign = createTokenBatches(batch => new Promise(answer => open.push({ batch, answer })))
  /** Answers the oldest batch: each token is the name of the account. */
  const answerNext = async (): Promise<readonly string[]> => {
    const { batch, answer } = open.shift() ?? assert.fail('no batch was sent')
    const names = batch().map(({ sub }) => String(sub).split(':')[3] ?? '')
    answer(names.map(token => ({ token })))
    await nextTurn()
    return names
  }
  return { open, sign, answerNext }
}

test('createTokenBatches() lets namespaces take turns: one with many requests delays only itself', async () => {
  const { open, sign, answerNext } = heldSigner()
  const caller = new AbortController()
  const greedy = Array.from({ length: 1000 }, (_, i) => sign(claims('greedy', `g${i}`), caller.signal).catch((err: unknown) => err))
  await nextTurn()
  assert.equal(open.length, 4)
  let token: string | undefined
  void sign(claims('modest', 'm'), caller.signal).then(signed => {
    token = signed
  })
  for (let batches = 0; batches < 4; batches++) await answerNext()
  assert.equal(token, undefined)
  await answerNext()
  assert.equal(token, 'm')
  await assert.rejects(
    Promise.all(Array.from({ length: 700 }, (_, i) => sign(claims('greedy', `h${i}`), caller.signal))),
    (err: unknown) => err instanceof SignerFailure && err.why === 'busy',
  )
  caller.abort(new Error('enough'))
  await Promise.all(greedy)
})

test('createTokenBatches() cuts batches by the bytes of the claims', async () => {
  const { open, sign, answerNext } = heldSigner()
  const caller = new AbortController()
  const large = { aud: ['\u4e2d'.repeat(60_000)] }
  const tokens = Array.from({ length: 5 }, (_, i) => sign(claims('a', `n${i}`, large), caller.signal))
  await nextTurn()
  assert.deepEqual(
    open.map(({ batch }) => batch().length),
    [2, 2, 1],
  )
  while (open.length > 0) await answerNext()
  assert.deepEqual(await Promise.all(tokens), ['n0', 'n1', 'n2', 'n3', 'n4'])
})

test('createTokenBatches() sends nothing for callers that gave up', async () => {
  const { open, sign, answerNext } = heldSigner()
  const [stays, goes] = [new AbortController(), new AbortController()]
  const kept = sign(claims('a', 'kept'), stays.signal)
  const gone = sign(claims('a', 'gone'), goes.signal)
  await nextTurn()
  assert.equal(open.length, 1)
  goes.abort(new Error('client left'))
  await assert.rejects(gone, /client left/)
  assert.deepEqual(await answerNext(), ['kept'])
  assert.equal(await kept, 'kept')
})

test('createTokenBatches() fails only a refused token, but all tokens of a lost batch', async () => {
  const { open, sign } = heldSigner()
  const { signal } = new AbortController()
  const [good, bad] = [sign(claims('a', 'good'), signal), sign(claims('a', 'bad'), signal)]
  await nextTurn()
  open[0]?.batch()
  open[0]?.answer([{ token: 'good' }, { error: new PolicyViolation('token-size', 'too large') }])
  assert.equal(await good, 'good')
  await assert.rejects(bad, PolicyViolation)
  const lost = createTokenBatches(() => Promise.reject(new SignerFailure('lost', 'it ended')))
  await assert.rejects(lost(claims('a', 'x'), signal), /it ended/)
})
