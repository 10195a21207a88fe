import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { RecordDamaged } from '../records/seal.ts'
import { KeyNames, rangeEnd } from './key-names.ts'
import { emptyChain, StoreChain } from './store-chain.ts'
import { ValueSeal } from './value-seal.ts'

const key = randomBytes(32)
const sealOf = () => new ValueSeal([{ number: 1, key }])

test('ValueSeal opens what another process sealed, at its place only', () => {
  const value = sealOf().seal('/a', Buffer.from('text'))
  assert.equal(sealOf().open('/a', value, 'it').toString(), 'text')
  assert.throws(() => sealOf().open('/b', value, 'it'), RecordDamaged)
  for (let at = 0; at < value.length; at++) {
    const changed = Buffer.from(value)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.throws(() => sealOf().open('/a', changed, 'it'), RecordDamaged, `byte ${at}`)
  }
  for (const length of [0, 20, value.length - 1]) assert.throws(() => sealOf().open('/a', value.subarray(0, length), 'it'), RecordDamaged)
})

test('ValueSeal seals nothing twice in the same way, in one process and in two', () => {
  const seal = sealOf()
  const other = sealOf()
  const sealed = [seal, seal, other, other].map(one => one.seal('/a', Buffer.from('text')).toString('hex'))
  assert.equal(new Set(sealed).size, 4)
  // Salt and nonce.
  assert.equal(new Set(sealed.map(text => text.slice(10, 66))).size, 4)
})

test('KeyNames are equal for equal names only, begin with their namespace and show nothing', () => {
  const names = new KeyNames(key, '/p/')
  const place = names.object('pods', 'default', 'a')
  assert.equal(new KeyNames(key, '/p/').object('pods', 'default', 'a'), place)
  const others = [
    names.object('pods', 'default', 'b'),
    names.object('pods', 'other', 'a'),
    names.object('nodes', 'default', 'a'),
    names.object('pods', '', 'default/a'),
    new KeyNames(randomBytes(32), '/p/').object('pods', 'default', 'a'),
  ]
  assert.equal(new Set([place, ...others]).size, 6)
  const namespace = place.slice(0, place.lastIndexOf('/') + 1)
  assert.ok(others[0]?.startsWith(namespace))
  assert.ok(Buffer.from(place).compare(rangeEnd(namespace)) < 0)
  assert.equal(/pods|default/.test(place), false)
})

test('StoreChain: the sum forgets what was removed, and the link forgets nothing', () => {
  const chain = new StoreChain(key)
  chain.add('/a', 1)
  chain.follow(Buffer.from('one'))
  chain.add('/b', 2)
  chain.remove('/a', 1)
  chain.remove('/b', 2)
  assert.equal(chain.state.sum, emptyChain.sum)
  assert.notDeepEqual(chain.state.link, emptyChain.link)
  chain.remove('/a', 1)
  assert.ok(chain.state.sum > 0n)
})
