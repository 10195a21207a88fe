import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../../base/user-error.ts'
import { HostileRegistry } from '../../oci/registry/hostile-registry.testing.ts'
import { httpsTufFiles } from './https-tuf-files.ts'
import { TufRepository, targetName } from './tuf.testing.ts'
import { tufLimits, updateTuf } from './update-tuf.ts'

const { signal } = new AbortController()
const now = Date.parse('2026-06-01T00:00:00Z')

test('httpsTufFiles() serves an update, and refuses redirects, large files, and paths out of the repository', async () => {
  await using server = await HostileRegistry.start()
  const repository = new TufRepository()
  repository.publishRoot()
  for (const [name, bytes] of repository.metadataFiles) server.answer(`/tuf/${name}`, bytes)
  for (const [name, bytes] of repository.targetFiles) server.answer(`/tuf/targets/${name}`, bytes)
  using files = httpsTufFiles({ url: `https://${server.host}/tuf/`, authorities: server.authorities })
  const update = () => updateTuf({ root: repository.root(1) }, files, targetName, now, signal)
  assert.equal((await update()).rootVersion, 2)
  server.answer('/tuf/timestamp.json', 'x'.repeat(tufLimits.timestamp + 1))
  await refuses(update(), /timestamp\.json has more than 16384 bytes/)
  server.answer('/tuf/timestamp.json', '', { location: '/elsewhere' }, 302)
  await refuses(update(), /timestamp\.json with status 302/)
  for (const path of ['../../secret', '..', '.%2e/x'])
    await files.target(path, 10, signal).then(
      found => assert.equal(found, undefined),
      () => undefined,
    )
  assert.deepEqual(
    server.requests.filter(({ path }) => !path.startsWith('/tuf/')),
    [],
  )
})

test('httpsTufFiles() takes https alone, and trusts the given authorities alone', async () => {
  for (const url of ['http://example.com/', 'file:///tmp', 'x'])
    assert.throws(() => httpsTufFiles({ url }), /is no https URL of a TUF repository/)
  await using server = await HostileRegistry.start()
  using files = httpsTufFiles({ url: `https://${server.host}/` })
  await refuses(files.metadata('timestamp.json', 10, signal) as Promise<unknown>, /is not trusted/)
})

async function refuses(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, err => (err instanceof UserError && message.test(err.message) ? true : assert.fail(String(err))))
}
