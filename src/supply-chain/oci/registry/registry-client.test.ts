// The client against a registry that lies, on loopback over TLS.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '../../../base/clock.ts'
import { UserError } from '../../../base/user-error.ts'
import { digestOf, HostileRegistry, indexType, manifestType, readAll, repository } from './hostile-registry.testing.ts'
import { maxReferrerPages, maxReferrers } from './referrers.ts'
import { maxManifestBytes, maxTags, RegistryClient } from './registry-client.ts'
import { RegistryDenied, RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'
import { maxAttempts } from './registry-request.ts'

const { signal } = new AbortController()
const path = (rest: string): string => `/v2/${repository}/${rest}`
const manifest = { schemaVersion: 2, mediaType: manifestType, layers: [] }

suite('RegistryClient', () => {
  let registry: HostileRegistry
  before(async () => {
    registry = await HostileRegistry.start()
  })
  after(async () => await registry[Symbol.asyncDispose]())

  test('manifest() reads a tag and a digest, and has undefined for what is not there', async () => {
    using client = registry.client()
    const { digest, size } = registry.putManifest(manifest, '1.0')
    for (const name of ['1.0', digest]) {
      const found = await client.manifest(name, signal)
      assert.deepEqual(found?.descriptor, { mediaType: manifestType, digest, size })
      assert.equal(Buffer.from(found.bytes).toString(), JSON.stringify(manifest))
    }
    assert.equal(await client.manifest('missing', signal), undefined)
    assert.equal(await client.digestOfTag('1.0', signal), digest)
    assert.equal(await client.digestOfTag('missing', signal), undefined)
  })

  test('tags() reads every page, skips what is no tag, and has none where the registry lists none', async () => {
    using client = registry.client()
    assert.deepEqual(await client.tags(signal), [])
    const json = (tags: unknown) => JSON.stringify({ name: repository, tags })
    registry.answer(path('tags/list'), json(['1.0', '../x', 5, 'a'.repeat(200)]), { link: `<${path('tags/more')}>; rel="next"` })
    registry.answer(path('tags/more'), json(['1.1']))
    assert.deepEqual(await client.tags(signal), ['1.0', '1.1'])
    registry.answer(path('tags/list'), json(Array.from({ length: maxTags + 5 }, (_, at) => `t${at}`)))
    assert.equal((await client.tags(signal)).length, maxTags)
    registry.answer(path('tags/list'), json(null))
    assert.deepEqual(await client.tags(signal), [])
    registry.answer(path('tags/list'), 'hello')
    await refuses(client.tags(signal), RegistryUntrustworthy, /is not JSON/)
    registry.answer(path('tags/list'), json(['1.0']), { link: '<https://other.example/v2/x/tags/list>; rel="next"' })
    await refuses(client.tags(signal), RegistryUntrustworthy, /continues a list at another server/)
  })

  test('manifest() refuses other content than its digest or its header names, other types, and what is no JSON', async () => {
    using client = registry.client()
    const digest = digestOf('another')
    registry.answer(path(`manifests/${digest}`), JSON.stringify(manifest), { 'content-type': manifestType })
    registry.answer(path('manifests/header'), JSON.stringify(manifest), { 'content-type': manifestType, 'docker-content-digest': digest })
    registry.answer(path('manifests/type'), JSON.stringify(manifest), { 'content-type': indexType })
    registry.answer(path('manifests/text'), 'hello', { 'content-type': manifestType })
    const rows: readonly [string, RegExp][] = [
      [digest, /has other content, whose digest is sha256:/],
      ['header', /has other content than the header Docker-Content-Digest says/],
      ['type', /is sent as "application\/vnd\.oci\.image\.index\.v1\+json" and says it is/],
      ['text', /is not JSON/],
    ]
    for (const [name, message] of rows) await refuses(client.manifest(name, signal), RegistryUntrustworthy, message)
  })

  test('manifest() refuses a manifest that is too large, also without a stated length, before it has all of it', async () => {
    using client = registry.client()
    registry.on(path('manifests/huge'), (_request, response) => {
      response.writeHead(200, { 'content-type': manifestType })
      const more = (err?: Error | null): void => {
        if (!err) response.write(Buffer.alloc(1 << 20, 0x20), more)
      }
      more()
    })
    await refuses(client.manifest('huge', signal), RegistryUntrustworthy, new RegExp(`has more than ${maxManifestBytes} bytes`))
  })

  test('manifest() refuses names that would change the path of the request, and the constructor other hosts and repositories', async () => {
    using client = registry.client()
    for (const name of ['', '../../x', 'a/b', 'a?b', `${'a'.repeat(129)}`, 'sha256:1', '.hidden', 'a\nb'])
      await refuses(client.manifest(name, signal), UserError, /is neither a tag nor a digest/)
    for (const host of ['', 'a b', 'user@host', 'host/path', 'http://host', 'host:port', 'host:99999', '-a'])
      assert.throws(() => new RegistryClient({ host, repository, clock: systemClock }), /is no registry/, host)
    for (const name of ['', '../x', 'A', 'a//b', '/a', 'a/', 'a/../b', 'a'.repeat(256)])
      assert.throws(
        () => new RegistryClient({ host: 'localhost', repository: name, clock: systemClock }),
        /is no name of a repository/,
        name,
      )
  })

  test('blob() reads content, and refuses other content, more, less, and what is missing', async () => {
    using client = registry.client()
    const blob = registry.putBlob('content')
    assert.equal((await readAll(client, blob)).toString(), 'content')
    registry.answer(path(`blobs/${digestOf('lie')}`), 'lye')
    const rows: readonly [Partial<typeof blob>, RegExp][] = [
      [{ size: 6 }, /has more than 6 bytes/],
      [{ size: 8 }, /has 7 bytes, its descriptor says 8/],
      [{ digest: digestOf('lie'), size: 3 }, /has other content, whose digest is/],
      [{ digest: digestOf('missing') }, /is not there/],
    ]
    for (const [change, message] of rows) await refuses(readAll(client, { ...blob, ...change }), RegistryUntrustworthy, message)
  })

  test('blob() and manifest() follow redirects within the registry, and not without end', async () => {
    using client = registry.client()
    const { digest, size, mediaType } = registry.putBlob('moved')
    const target = path(`blobs/${digest}`)
    const from = { mediaType, size, digest: digestOf('moved') }
    registry.answer('/elsewhere', 'moved')
    registry.answer(target, '', { location: '/elsewhere' }, 307)
    assert.equal((await readAll(client, from)).toString(), 'moved')
    registry.answer(target, '', { location: target }, 302)
    await refuses(readAll(client, from), RegistryUntrustworthy, /redirects more than 3 times/)
    registry.answer(target, '', {}, 302)
    await refuses(readAll(client, from), RegistryUntrustworthy, /redirects to nowhere/)
    registry.answer('/elsewhere', JSON.stringify(manifest), { 'content-type': manifestType })
    registry.answer(path('manifests/away'), '', { location: '/elsewhere' }, 302)
    assert.equal((await client.manifest('away', signal))?.descriptor.digest, digestOf(JSON.stringify(manifest)))
  })

  test('blob() refuses redirects to plain HTTP, to inner addresses in each notation, and to another port of the registry', async () => {
    await using inner = await HostileRegistry.start()
    const names = new Map([
      ['cdn.example.com', '127.0.0.1'],
      ['metadata.example.com', '169.254.169.254'],
      ['six.example.com', '::ffff:10.0.0.1'],
    ])
    using client = registry.client({
      lookup: (hostname, _options, callback) => callback(null, [{ address: names.get(hostname) ?? '192.168.1.1', family: 4 }]),
    })
    const blob = registry.putBlob('x')
    const rows: readonly [string, RegExp][] = [
      ['http://example.com/', /redirects to http:\/\/example\.com; only https is used/],
      ['file:///etc/passwd', /only https is used/],
      [`https://${inner.host}/`, /redirects to another port of its machine/],
      ['https://localhost:6443/', /whose address 192\.168\.1\.1 is not public: private/],
      ['https://10.0.0.1/', /whose address 10\.0\.0\.1 is not public: private/],
      ['https://0x7f.2/', /whose address 127\.0\.0\.2 is not public: loopback/],
      ['https://[::1]/', /whose address ::1 is not public: loopback/],
      ['https://[::ffff:169.254.169.254]/', /is not public: link-local/],
      ['https://[fd00::1]/', /is not public: private/],
      ['https://cdn.example.com/', /whose address 127\.0\.0\.1 is not public: loopback/],
      ['https://metadata.example.com/', /169\.254\.169\.254 is not public: link-local/],
      ['https://six.example.com/', /is not public: private/],
    ]
    for (const [location, message] of rows) {
      registry.answer(path(`blobs/${blob.digest}`), '', { location }, 307)
      await refuses(readAll(client, blob), RegistryUntrustworthy, message)
    }
    assert.equal(inner.requests.length, 0)
  })

  test('referrers() reads all pages, and falls back to the tag where there is no API', async () => {
    using client = registry.client()
    const digest = digestOf('an image')
    const entries = ['a', 'b', 'c'].map(text => ({
      mediaType: manifestType,
      digest: digestOf(text),
      size: 1,
      artifactType: `type/${text}`,
    }))
    const page = (at: number): string => JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: entries.slice(at, at + 1) })
    registry.on(path(`referrers/${digest}`), ({ url = '' }, response) => {
      const at = Number(new URL(url, 'https://x').searchParams.get('at') ?? 0)
      const more = at < 2 ? { link: `<${path(`referrers/${digest}`)}?at=${at + 1}>; rel="next"` } : {}
      response.writeHead(200, { 'content-type': indexType, ...more }).end(page(at))
    })
    assert.deepEqual(await client.referrers(digest, signal), entries)
    const other = digestOf('another image')
    assert.deepEqual(await client.referrers(other, signal), [])
    const annotations = { 'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1' }
    const listed = [
      { mediaType: manifestType, digest: digestOf('d'), size: 1, artifactType: 'application/vnd.oci.empty.v1+json', annotations },
    ]
    registry.putManifest({ schemaVersion: 2, mediaType: indexType, manifests: listed }, other.replace(':', '-'), indexType)
    assert.deepEqual(await client.referrers(other, signal), listed)
  })

  test('referrers() refuses too many entries and pages, other servers, and what is no index', async () => {
    const digest = digestOf('popular')
    const at = path(`referrers/${digest}`)
    const entry = { mediaType: manifestType, digest: digestOf('a'), size: 1 }
    const list = (manifests: unknown, headers = {}): void =>
      registry.answer(at, JSON.stringify({ schemaVersion: 2, manifests }), { 'content-type': indexType, ...headers })
    const refusesNow = async (message: RegExp): Promise<void> => {
      using client = registry.client()
      await refuses(client.referrers(digest, signal), UserError, message)
    }
    list(Array.from({ length: 10_000 }, () => entry))
    await refusesNow(new RegExp(`has 10000 entries, at most ${maxReferrers} are read`))
    list([entry], { link: `<${at}>; rel="next"` })
    await refusesNow(new RegExp(`has more than ${maxReferrerPages} pages`))
    list([entry], { link: '<https://example.com/>; rel="next"' })
    await refusesNow(/continues a list at another server/)
    list([{ ...entry, size: -1 }])
    await refusesNow(/manifests\[0\]\.size must be a number of bytes/)
    list('none')
    await refusesNow(/is no index of manifests/)
  })

  test('repeats what fails for now with growing pauses, and says so at the end', async () => {
    const naps: number[] = []
    using client = registry.client({}, naps)
    let answered = 0
    registry.on(path('manifests/busy'), (_request, response) => {
      if (++answered < 3) response.writeHead(503, { 'retry-after': '2' }).end()
      else response.writeHead(200, { 'content-type': manifestType }).end(JSON.stringify(manifest))
    })
    assert.equal((await client.manifest('busy', signal))?.descriptor.mediaType, manifestType)
    assert.deepEqual(naps, [2000, 2000])
    registry.answer(path('manifests/down'), '', { 'retry-after': '999999' }, 500)
    await refuses(
      client.manifest('down', signal),
      RegistryUnavailable,
      /answers https:\/\/127\.0\.0\.1:\d+\/v2\/shop\/web\/manifests\/down with status 500/,
    )
    assert.deepEqual(naps.slice(2), [10_000, 10_000])
    assert.equal(registry.requests.filter(({ path: at }) => at.endsWith('/down')).length, maxAttempts)
    registry.on(path('manifests/cut'), (_request, response) => {
      response.writeHead(200, { 'content-type': manifestType, 'content-length': '100' })
      response.write('{', () => response.destroy())
    })
    await refuses(client.manifest('cut', signal), RegistryUnavailable, /was cut after 1 bytes/)
    registry.answer(path('manifests/odd'), '', {}, 418)
    await refuses(client.manifest('odd', signal), RegistryUntrustworthy, /with status 418/)
  })

  test('gives up a registry that takes connections and does not answer', async () => {
    using client = registry.client({ headMs: 50 })
    registry.on(path('manifests/mute'), () => undefined)
    await refuses(client.manifest('mute', signal), RegistryUnavailable, /Cannot reach 127\.0\.0\.1:\d+: it has not answered for 0\.05 s/)
  })

  test('ends with its signal, while it waits for an answer and within a body', async () => {
    using client = registry.client()
    for (const head of [false, true]) {
      const controller = new AbortController()
      registry.on(path('manifests/silent'), (_request, response) => {
        if (head) response.writeHead(200, { 'content-type': manifestType }).write('{')
        controller.abort(new Error('enough'))
      })
      await assert.rejects(client.manifest('silent', controller.signal), { message: 'enough' })
    }
  })
})

suite('RegistryClient: who it is, and whom it trusts', () => {
  test('fetches a token for reading alone, uses it again, and answers a refusal with the reason', async () => {
    await using registry = await HostileRegistry.start()
    const { host } = registry
    registry.on(path('manifests/1.0'), ({ headers }, response) => {
      if (headers.authorization === 'Bearer abc.def')
        response.writeHead(200, { 'content-type': manifestType }).end(JSON.stringify(manifest))
      else
        response
          .writeHead(401, { 'www-authenticate': `Bearer realm="https://${host}/token",service="reg",scope="repository:shop/web:push"` })
          .end()
    })
    registry.answer('/token', JSON.stringify({ token: 'abc.def', expires_in: 300 }))
    using client = registry.client({ credentials: { username: 'web', password: 'secret' } })
    for (let i = 0; i < 2; i++) assert.ok(await client.manifest('1.0', signal))
    const tokens = registry.requests.filter(({ path: at }) => at.startsWith('/token'))
    assert.deepEqual(tokens, [
      {
        method: 'GET',
        path: '/token?service=reg&scope=repository%3Ashop%2Fweb%3Apull',
        authorization: `Basic ${Buffer.from('web:secret').toString('base64')}`,
      },
    ])
    registry.answer('/token', '', {}, 401)
    using stranger = registry.client()
    await refuses(stranger.manifest('1.0', signal), RegistryDenied, /refuses to let this client read "shop\/web"/)
    registry.answer('/token', JSON.stringify({ token: 'wrong' }))
    await refuses(stranger.manifest('1.0', signal), RegistryDenied, /does not let this client read/)
    registry.answer('/token', JSON.stringify({ token: 'a\r\nb' }))
    await refuses(stranger.manifest('1.0', signal), RegistryUntrustworthy, /answers without a token/)
    registry.answer('/token', 'x'.repeat(100_000))
    await refuses(stranger.manifest('1.0', signal), RegistryUntrustworthy, /has more than 65536 bytes/)
  })

  test('refuses a token server without TLS or at an inner address', async () => {
    await using registry = await HostileRegistry.start()
    using client = registry.client({ credentials: { username: 'web', password: 'secret' } })
    const rows: readonly [string, RegExp][] = [
      ['http://127.0.0.1/token', /names "http:\/\/127\.0\.0\.1\/token" as its token server; an https URL/],
      ['https://u:p@127.0.0.1/token', /an https URL without a password/],
      ['https://169.254.169.254/token', /is not public: link-local/],
      ['nowhere', /an https URL/],
    ]
    for (const [realm, message] of rows) {
      registry.answer(path('manifests/1.0'), '', { 'www-authenticate': `Bearer realm="${realm}"` }, 401)
      await refuses(client.manifest('1.0', signal), RegistryUntrustworthy, message)
    }
  })

  test('uses one connection for all of its requests, also after answers that it does not want', async () => {
    await using registry = await HostileRegistry.start()
    using client = registry.client({ credentials: { username: 'web', password: 'secret' } })
    const ports = new Set<number | undefined>()
    registry.on(path('manifests/1.0'), ({ headers, socket }, response) => {
      ports.add(socket.remotePort)
      const known = headers.authorization !== undefined
      const body = known ? JSON.stringify(manifest) : '{"errors":[]}'
      response
        .writeHead(known ? 200 : 401, {
          'content-type': manifestType,
          'content-length': body.length,
          'www-authenticate': 'Basic realm="x"',
        })
        .end(body)
    })
    registry.on(path('manifests/2.0'), ({ socket }, response) => {
      ports.add(socket.remotePort)
      response.writeHead(404, { 'content-length': 2 }).end('{}')
    })
    for (const tag of ['1.0', '2.0', '1.0']) await client.manifest(tag, signal)
    await client.digestOfTag('2.0', signal)
    assert.equal(ports.size, 1)
  })

  test('answers Basic with its password, and says what it lacks', async () => {
    await using registry = await HostileRegistry.start()
    const expected = `Basic ${Buffer.from('web:secret').toString('base64')}`
    registry.on(path('manifests/1.0'), ({ headers }, response) => {
      if (headers.authorization === expected) response.writeHead(200, { 'content-type': manifestType }).end(JSON.stringify(manifest))
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    using client = registry.client({ credentials: { username: 'web', password: 'secret' } })
    assert.ok(await client.manifest('1.0', signal))
    using stranger = registry.client()
    await refuses(stranger.manifest('1.0', signal), RegistryDenied, /wants a name and a password for "shop\/web", and none are known/)
    registry.answer(path('manifests/1.0'), '', { 'www-authenticate': 'Negotiate' }, 401)
    await refuses(stranger.manifest('1.0', signal), RegistryDenied, /another authentication than Basic or Bearer/)
  })

  test('refuses a certificate of another authority, for another name, and a server without TLS', async () => {
    await using registry = await HostileRegistry.start({ dnsNames: ['elsewhere'], ipAddresses: [] })
    await using other = await HostileRegistry.start()
    using strangers = registry.client({ authorities: other.authorities })
    await refuses(strangers.manifest('1.0', signal), RegistryUntrustworthy, /certificate of 127\.0\.0\.1:\d+ is not trusted/)
    using misnamed = registry.client()
    await refuses(misnamed.manifest('1.0', signal), RegistryUntrustworthy, /is not trusted: .*IP: 127\.0\.0\.1/)
    using publicOnly = new RegistryClient({ host: other.host, repository, clock: systemClock })
    await refuses(publicOnly.manifest('1.0', signal), RegistryUntrustworthy, /is not trusted/)
    assert.equal(registry.requests.length + other.requests.length, 0)
  })

  test('says that a registry cannot be reached', async () => {
    const registry = await HostileRegistry.start()
    using client = registry.client()
    await registry[Symbol.asyncDispose]()
    await refuses(client.manifest('1.0', signal), RegistryUnavailable, /Cannot reach 127\.0\.0\.1:\d+: connect ECONNREFUSED/)
  })
})

async function refuses(promise: Promise<unknown>, type: typeof UserError, message: RegExp): Promise<void> {
  await assert.rejects(promise, err => {
    assert.ok(err instanceof Error)
    assert.match(err.message, message)
    assert.ok(err instanceof type, `${err.constructor.name}: ${err.message}`)
    return true
  })
}
