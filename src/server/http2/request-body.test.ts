import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { bodyTerms } from './connection.testing.ts'
import { type BodyFailure, RequestBody } from './request-body.ts'

class Sent {
  taken = 0
  readonly body: RequestBody

  constructor(announced?: number) {
    this.body = new RequestBody(announced, bytes => {
      this.taken += bytes
    })
  }

  add(...texts: readonly string[]): this {
    for (const text of texts) {
      // The memory is another's as soon as the call is over.
      const bytes = Buffer.from(`--${text}--`)
      this.body.add(bytes, 2, bytes.length - 2)
      bytes.fill('?')
    }
    return this
  }

  end(): this {
    this.body.end()
    return this
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve))
const is = (failure: BodyFailure) => ({ message: failure })

describe('RequestBody.collect()', () => {
  test('resolves with earlier and later bytes, and acknowledges each', async () => {
    const sent = new Sent().add('a', 'bc')
    assert.equal(sent.taken, 0)
    const whole = sent.body.collect(10, bodyTerms)
    assert.equal(sent.taken, 3)
    sent.add('def').end()
    assert.equal((await whole).toString(), 'abcdef')
    assert.equal(sent.taken, 6)
  })

  test('resolves at once with a complete body, and with an empty one', async () => {
    assert.equal((await new Sent(3).add('abc').end().body.collect(3, bodyTerms)).toString(), 'abc')
    assert.equal((await new Sent().end().body.collect(0, bodyTerms)).length, 0)
  })

  test('throws a 413 if more is announced, and still acknowledges what arrives', async () => {
    const sent = new Sent(4).add('ab')
    await assert.rejects(sent.body.collect(3, bodyTerms), is('too large'))
    sent.add('cd').end()
    assert.equal(sent.taken, 4)
  })

  for (const [name, before] of [
    ['comes', ['ab']],
    ['came before', ['abcd']],
  ] as const)
    test(`throws a 413 if more ${name}`, async () => {
      const sent = new Sent().add(...before)
      const whole = sent.body.collect(3, bodyTerms)
      sent.add('cd')
      await assert.rejects(whole, is('too large'))
      sent.add('ef').end()
      assert.equal(sent.taken, before[0].length + 4)
    })

  test('throws a 400 if the client stops in the middle, before or during the wait', async () => {
    const sent = new Sent().add('a')
    const whole = sent.body.collect(3, bodyTerms)
    sent.body.cut()
    await assert.rejects(whole, is('ended early'))
    const cut = new Sent().add('a')
    cut.body.cut()
    await assert.rejects(cut.body.collect(3, bodyTerms), is('ended early'))
    const ended = new Sent().add('a').end()
    ended.body.cut()
    await assert.rejects(ended.body.collect(3, bodyTerms), is('ended early'))
    assert.deepEqual([sent.taken, cut.taken, ended.taken], [1, 1, 1])
  })

  test('throws a 504 if it takes too long, however steadily it arrives', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const sent = new Sent()
    const whole = sent.body.collect(100, bodyTerms)
    for (let i = 0; i < 9; i++) {
      t.mock.timers.tick(bodyTerms.maxMs / 10)
      sent.add('x')
    }
    t.mock.timers.tick(bodyTerms.maxMs / 10)
    await assert.rejects(whole, is('too slow'))
    sent.add('late')
    assert.equal(sent.taken, 13)
  })

  test('leaves no timer behind', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [whole, cut, large] = [new Sent(), new Sent(), new Sent()]
    const waits = [whole, cut, large].map(({ body }) => body.collect(2, bodyTerms).catch(() => 'refused'))
    whole.add('a').end()
    cut.body.cut()
    large.add('abc')
    await Promise.all(waits)
    t.mock.timers.tick(2 * bodyTerms.maxMs)
    assert.equal((await waits[0])?.toString(), 'a')
    assert.deepEqual([await waits[1], await waits[2]], ['refused', 'refused'])
  })
})

describe('RequestBody.pass()', () => {
  test('passes on earlier and later bytes', async () => {
    const sent = new Sent().add('a')
    const whole = buffer(sent.body.pass(bodyTerms))
    await turn()
    sent.add('b', 'c').end()
    assert.equal((await whole).toString(), 'abc')
    assert.equal(sent.taken, 3)
    assert.equal((await buffer(new Sent().add('abc').end().body.pass(bodyTerms))).toString(), 'abc')
  })

  test('takes no more than its reader does', async () => {
    const sent = new Sent()
    const passed = sent.body.pass(bodyTerms)
    await turn()
    sent.add('x'.repeat(1_000_000))
    await turn()
    assert.equal(sent.taken, 0)
    passed.resume()
    await turn()
    assert.equal(sent.taken, 1_000_000)
  })

  test('fails if the client stops or has stopped in the middle', async () => {
    const sent = new Sent()
    const passed = sent.body.pass(bodyTerms)
    const failed = assert.rejects(buffer(passed), is('ended early'))
    sent.add('a')
    sent.body.cut()
    await failed
    await assert.rejects(buffer(sent.body.pass(bodyTerms)), is('ended early'))
  })

  test('does not fail the process without a listener', async () => {
    const sent = new Sent()
    sent.body.pass(bodyTerms)
    sent.body.cut()
    sent.body.pass(bodyTerms)
    await turn()
  })

  test('continues to its end if everything arrived before the stream ended', async () => {
    const sent = new Sent().add('abc').end()
    const passed = sent.body.pass(bodyTerms)
    sent.body.cut()
    assert.equal((await buffer(passed)).toString(), 'abc')
  })

  test('acknowledges what arrives after its reader was destroyed', async () => {
    const sent = new Sent().add('a')
    const passed = sent.body.pass(bodyTerms)
    passed.destroy()
    await turn()
    sent.add('bc').end()
    assert.equal(sent.taken, 3)
  })
})

describe('RequestBody.drop()', () => {
  test('acknowledges earlier and later bytes, and each piece beyond the limit', () => {
    const sent = new Sent().add('ab')
    let calls = 0
    sent.body.drop(4, () => calls++)
    sent.add('cd')
    assert.deepEqual([calls, sent.taken], [0, 4])
    sent.add('e', 'f')
    assert.deepEqual([calls, sent.taken], [2, 6])
  })

  test('ends a body that is passed on, whose reader cannot remove the limit', async () => {
    const sent = new Sent()
    const passed = sent.body.pass(bodyTerms)
    let calls = 0
    sent.body.drop(1, () => calls++)
    assert.equal(passed.destroyed, true)
    passed.destroy()
    await turn()
    sent.add('abc')
    assert.equal(calls, 1)
  })
})
