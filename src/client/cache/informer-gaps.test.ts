// An informer of a server that changes at random while answers fail and watches are cut: what its handlers saw must add up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../api/object.ts'
import { expired } from '../../api/status.ts'
import { randomOf } from '../../base/data/random.ts'
import { silentLogger } from '../../base/log.ts'
import { Client } from '../client.ts'
import { resourceRef } from '../resource-ref.ts'
import { FakeApi } from '../testing/fake-api.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { Transport } from '../transport/transport.ts'
import { Informer } from './informer.ts'

const configMaps = resourceRef('', 'v1', 'configmaps', 'ConfigMap')
const names = ['a', 'b', 'c', 'd', 'e']

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/** Answers get lost, and watches expire or are cut between two chunks, until `calm`. */
function unreliable(api: FakeApi, random: () => number) {
  let calm = false
  const fails = (share: number) => !calm && random() < share
  const transport: Transport = {
    async request(request, signal) {
      if (fails(0.1)) throw new Error('nobody listens')
      const answer = await api.request(request, signal)
      if (request.stream !== true) {
        if (fails(0.1)) throw new Error('the answer was lost')
        return answer
      }
      const late = fails(0.1)
      async function* body() {
        if (late) yield Buffer.from(`${JSON.stringify({ type: 'ERROR', object: expired('too old').status })}\n`)
        for await (const chunk of answer.body) {
          const middle = Math.floor(random() * chunk.length)
          yield chunk.subarray(0, middle)
          if (fails(0.3)) throw new Error('the connection was closed')
          yield chunk.subarray(middle)
          if (fails(0.3)) return
        }
      }
      return { ...answer, body: body() }
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
  return {
    transport,
    becomeCalm() {
      calm = true
    },
  }
}

function changeSomething(api: FakeApi, random: () => number): void {
  const name = names[Math.floor(random() * names.length)] ?? ''
  const exists = api.read(configMaps, 'ns', name) !== undefined
  const kind = random()
  if (kind < 0.1) api.compact()
  else if (kind < 0.2) api.dropWatches()
  else if (!exists) api.seed(configMaps, { metadata: { name, namespace: 'ns' } })
  else if (kind < 0.5) api.remove(configMaps, 'ns', name)
  else
    api.change(configMaps, 'ns', name, ({ metadata }) => {
      metadata.labels = { at: String(random()) }
    })
}

/** A handler's view of the objects; it fails if a change does not fit. */
function mirrorOf(informer: Informer<KubeObject>): ReadonlyMap<string, KubeObject> {
  const known = new Map<string, KubeObject>()
  const nameOf = ({ metadata }: KubeObject) => metadata.name ?? ''
  informer.onChange({
    add(object) {
      assert.equal(known.get(nameOf(object)), undefined)
      known.set(nameOf(object), object)
    },
    update(object, old) {
      assert.equal(known.get(nameOf(object)), old)
      assert.equal(object.metadata.uid, old.metadata.uid)
      assert.ok(Number(object.metadata.resourceVersion) > Number(old.metadata.resourceVersion))
      known.set(nameOf(object), object)
    },
    delete(object) {
      assert.equal(known.get(nameOf(object))?.metadata.uid, object.metadata.uid)
      known.delete(nameOf(object))
    },
  })
  return known
}

const versions = (objects: Iterable<KubeObject>) =>
  [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()

test('Informer ends with the state of the server, and reports each step to its handlers, whatever fails', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed)
    const api = new FakeApi()
    const clock = new FakeClock()
    const { transport, becomeCalm } = unreliable(api, random)
    const informer = new Informer({ client: new Client(transport), resource: configMaps, clock, log: silentLogger, random })
    const known = mirrorOf(informer)
    const stop = new AbortController()
    const running = informer.run(stop.signal)
    for (let step = 0; step < 80; step++) {
      changeSomething(api, random)
      if (random() < 0.5) await turn()
      if (random() < 0.3) await clock.advance(random() * 1000)
    }
    becomeCalm()
    const wanted = versions(api.all(configMaps))
    for (let wait = 0; wait < 200 && versions(informer.list()).join() !== wanted.join(); wait++) await clock.advance(1000).then(turn)
    assert.deepEqual(versions(informer.list()), wanted, `seed ${seed}`)
    assert.deepEqual(versions(known.values()), wanted, `seed ${seed}`)
    stop.abort()
    await running
  }
})
