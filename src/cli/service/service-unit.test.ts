import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceUnit } from './service-unit.ts'

const command = ['/usr/local/lib/bulkhead/current/node', '/usr/local/lib/bulkhead/current/dist/cli.js']
const service = { name: 'bulkhead', dataDirectory: '/var/lib/bulkhead', config: undefined }

test('serviceUnit() runs up with the data directory, and the configuration file if there is one', () => {
  assert.match(
    serviceUnit(service, command),
    /^ExecStart=\S+node \S+cli\.js up --systemd-service bulkhead --data-dir \/var\/lib\/bulkhead$/m,
  )
  const withFile = serviceUnit({ ...service, config: '/etc/b.yaml' }, command)
  for (const line of ['ExecStart', 'ExecStopPost']) assert.match(withFile, new RegExp(`^${line}=.* --config /etc/b\\.yaml$`, 'm'))
})

test("serviceUnit() keeps a path's own characters from systemd", () => {
  const text = serviceUnit({ ...service, dataDirectory: '/srv/a b/50%/$x"\\' }, command)
  assert.match(text, /--data-dir "\/srv\/a b\/50%%\/\$\$x\\"\\\\"$/m)
  assert.match(text, /^ReadWritePaths="\/srv\/a b\/50%%/m)
})
