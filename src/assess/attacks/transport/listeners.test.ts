import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal } from './listeners.ts'

test('isRefusal() takes silence, a TLS alert and the line of a TLS server in Go, and no answer of a service in clear text', () => {
  const refusals = [
    undefined,
    '',
    '\x15\x03\x01\x00\x02\x02\x46',
    'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
  ]
  const services = [
    'HTTP/1.1 404 Not Found\r\n',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    'HTTP/1.0 400 Bad Request\r\n\r\nno such path',
    'SSH-2.0',
  ]
  for (const answer of refusals) assert.equal(isRefusal(answer), true, answer)
  for (const answer of services) assert.equal(isRefusal(answer), false, answer)
})
