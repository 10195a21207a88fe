// Conversion webhooks through the whole server and a real connection: TLS is verified, redirects are not followed, answers are limited.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { turn } from '../../../base/async/turns.ts'
import { conversionTimeoutSeconds } from '../../../server/custom-resources/conversion.ts'
import { crds, widget, widgetDefinition, widgets } from '../../../server/custom-resources/widgets.testing.ts'
import { admin, SecuredApi, SteppedClock } from '../secured-api.testing.ts'
import { type Respond, type Review, TestWebhook } from '../webhook.testing.ts'

const v2 = widgets.replace('/v1/', '/v2/')
const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

const clock = new SteppedClock()
const api = await SecuredApi.open({ clock })
const hook = await TestWebhook.open()
after(async () => {
  await hook[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

const converting: Respond = (review: Review) => ({
  result: { status: 'Success' },
  convertedObjects: review.request.objects.map((object: Review) => ({ ...object, apiVersion: review.request.desiredAPIVersion })),
})

/** With a definition of two versions and one object of the first, during `run`. */
async function withDefinition(clientConfig: object, respond: Respond, run: () => Promise<void>): Promise<void> {
  hook.respond = respond
  const versions = ['v1', 'v2'].map((name, index) => ({ name, served: true, storage: index === 0, schema: { openAPIV3Schema: schema } }))
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig } }
  const definition = widgetDefinition()
  await api.create(crds, { ...definition, spec: { ...(definition['spec'] as object), versions, conversion } })
  // Until it is served, and nothing of its definition changes any more.
  const created = async () => (await api.request(admin, 'POST', widgets, widget('a', { size: 1 }))).status
  for (let status = await created(); status !== 201; status = await created()) {
    assert.ok(status === 404 || status === 409, `${status}`)
    await turn()
  }
  try {
    await run()
  } finally {
    await api.request(admin, 'DELETE', `${crds}/widgets.example.com`)
    while ((await api.request(admin, 'GET', `${crds}/widgets.example.com`)).status !== 404) await turn()
  }
}

test('objects are returned in the requested version, converted by the webhook', async () => {
  await withDefinition(hook.clientConfig('/convert'), converting, async () => {
    hook.sent.length = 0
    const { status, json } = await api.request(admin, 'GET', `${v2}/a`)
    assert.equal(status, 200)
    assert.equal(json.apiVersion, 'example.com/v2')
    const [sent] = hook.sent
    assert.equal(sent?.path, '/convert?timeout=30s')
    assert.equal(sent?.review.kind, 'ConversionReview')
    assert.equal(sent?.review.request.objects[0].metadata.name, 'a')
  })
})

const wrong: readonly [name: string, clientConfig: () => object, respond: Respond, message: RegExp][] = [
  [
    'its certificate is of another authority',
    () => ({ ...hook.clientConfig('/'), caBundle: otherAuthority }),
    converting,
    /failed: Post "https:.*certificate signed by unknown authority/,
  ],
  [
    'it redirects elsewhere',
    () => hook.clientConfig('/'),
    (_review, _path, answer) => {
      answer.writeHead(302, { location: `https://localhost:${hook.port}/elsewhere` }).end()
      return undefined
    },
    /failed: the server responded with the status code 302/,
  ],
  [
    'its answer has no end',
    () => hook.clientConfig('/'),
    (_review, _path, answer) => {
      const more = () => {
        while (!answer.destroyed && answer.write(' '.repeat(65_536)));
        if (!answer.destroyed) answer.once('drain', more)
      }
      more()
      return undefined
    },
    /failed: the answer is larger than \d+ bytes/,
  ],
  ['nobody listens', () => ({ ...hook.clientConfig('/'), url: 'https://localhost:1/' }), converting, /failed: Post .*connection refused/],
]

/** A certificate of an authority that signed nothing here. */
const otherAuthority = await authorityOfOther()

async function authorityOfOther(): Promise<string> {
  await using other = await TestWebhook.open()
  return other.caBundle
}

for (const [name, clientConfig, respond, message] of wrong) {
  test(`case 56: a conversion webhook's answer is rejected if ${name}`, async () => {
    await withDefinition(clientConfig(), respond, async () => {
      hook.sent.length = 0
      const { status, json } = await api.request(admin, 'GET', `${v2}/a`)
      assert.equal(status, 500)
      assert.match(json.message, message)
      assert.ok(hook.sent.every(({ path }) => !path.startsWith('/elsewhere')))
      assert.equal((await api.request(admin, 'PATCH', `${v2}/a`, { spec: { size: 2 } })).status, 500)
      assert.equal((await api.request(admin, 'GET', `${widgets}/a`)).json.spec.size, 1)
    })
  })
}

test('case 56: a conversion webhook that does not answer in time is given up, and stored objects stay unchanged', async () => {
  const asked = Promise.withResolvers<() => void>()
  const late: Respond = (review, path, answer) => {
    const { apiVersion, kind, request } = review
    const response = { uid: request.uid, ...converting(review, path, answer) }
    asked.resolve(() => answer.end(JSON.stringify({ apiVersion, kind, response })))
    return undefined
  }
  await withDefinition(hook.clientConfig('/'), late, async () => {
    const answer = api.request(admin, 'GET', `${v2}/a`)
    const answerLate = await asked.promise
    clock.advance(conversionTimeoutSeconds * 1000)
    answerLate()
    const { status, json } = await answer
    assert.equal(status, 500)
    assert.match(json.message, / conversion webhook for example\.com\/v1, Kind=Widget failed: Post "https:.*": context deadline exceeded$/)
    assert.equal((await api.request(admin, 'GET', `${widgets}/a`)).json.spec.size, 1)
  })
})

test('an Event of its definition names a conversion webhook that does not answer', async () => {
  const dead = { ...hook.clientConfig('/'), url: 'https://localhost:1/' }
  await withDefinition(dead, converting, async () => {
    // About one definition, an Event is written at most every 30 seconds.
    clock.advance(30_000)
    const { json: refused } = await api.request(admin, 'GET', `${v2}/a`)
    assert.equal(api.logLines.filter(line => line.includes('conversion webhook does not answer') && line.includes('localhost:1')).length, 1)
    assert.match(refused.message, /connection refused/)
    type Item = { involvedObject: { kind: string; name: string }; message: string }
    const named = async (): Promise<Item | undefined> => {
      const { json } = await api.request(admin, 'GET', '/api/v1/namespaces/default/events?fieldSelector=reason=FailedCallingWebhook')
      return json.items.findLast(({ message }: Item) => message.includes('localhost:1'))
    }
    let found = await named()
    // Written in the background.
    for (; found === undefined; found = await named()) await turn()
    assert.deepEqual([found.involvedObject.kind, found.involvedObject.name], ['CustomResourceDefinition', 'widgets.example.com'])
    assert.match(
      found.message,
      /^conversion webhook for example\.com\/v1, Kind=Widget failed: Post "https:\/\/localhost:1\/.*connection refused$/,
    )
  })
})

test('a bookmark does not overtake a change that is being converted', async () => {
  await withDefinition(hook.clientConfig('/'), converting, async () => {
    const stop = new AbortController()
    const [converted, plain] = [await events(v2, stop.signal), await events(widgets, stop.signal)]
    for (const watch of [converted, plain]) assert.equal((await watch()).type, 'ADDED')
    const asked = Promise.withResolvers<() => void>()
    hook.respond = (review, path, answer) => {
      const { apiVersion, kind, request } = review
      const response = { uid: request.uid, ...converting(review, path, answer) }
      asked.resolve(() => answer.end(JSON.stringify({ apiVersion, kind, response })))
      return undefined
    }
    // Bookmarks are sent every minute, and a webhook has 30 seconds.
    clock.advance(60_000)
    for (const watch of [converted, plain]) assert.equal((await watch()).type, 'BOOKMARK')
    clock.advance(45_000)
    await api.request(admin, 'PATCH', `${widgets}/a`, { spec: { size: 2 } })
    const answer = await asked.promise
    assert.equal((await plain()).type, 'MODIFIED')
    clock.advance(15_000)
    assert.equal((await plain()).type, 'BOOKMARK')
    answer()
    assert.equal((await converted()).type, 'MODIFIED')
    stop.abort(new Error('the test is done'))
  })
})

/** The events of a watch, one per call. */
async function events(path: string, signal: AbortSignal): Promise<() => Promise<{ type: string }>> {
  const { body } = await api.send({ url: `${path}?watch=true&allowWatchBookmarks=true`, identity: admin, signal })
  if (typeof body !== 'function') throw new Error('no stream')
  const waiting: ((event: { type: string }) => void)[] = []
  const come: { type: string }[] = []
  const write = (chunk: Buffer) => {
    const event = JSON.parse(chunk.toString())
    const next = waiting.shift()
    if (next === undefined) come.push(event)
    else next(event)
    return true
  }
  body({ write, writeAll: chunks => write(Buffer.concat(chunks)), drained: async () => undefined }, signal).catch(() => undefined)
  return () => new Promise(resolve => (come[0] === undefined ? waiting.push(resolve) : resolve(come.shift() ?? come[0])))
}
