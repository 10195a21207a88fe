import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../../api/status.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { SignerFailure } from '../../signer/signer-failure.ts'
import { signToken } from './sign-token.ts'

const cases = [
  { name: '429 where too many tokens wait', err: new SignerFailure('busy', 'too many wait'), code: 429, message: /too many wait/ },
  { name: '503 where the signer ended', err: new SignerFailure('lost', 'broke'), code: 503, message: /try again/ },
]
for (const { name, err, code, message } of cases) {
  test(`signToken() answers ${name}, and when to come again`, async () => {
    const signer = { ...createMemorySigner(), signToken: () => Promise.reject(err) }
    await assert.rejects(signToken(signer, {}, new AbortController().signal), (failure: unknown) => {
      assert.ok(failure instanceof ApiError)
      assert.equal(failure.status.code, code)
      assert.equal(failure.status.details?.retryAfterSeconds, 1)
      return message.test(failure.message)
    })
  })
}
