// The program in the test image: real servers for probes and proxies. Its first argument selects one; it listens on port 8080.
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js'
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader'
import { WebSocketServer } from 'ws'
import { flunderServer, flunders, group } from '../src/cluster/tests/aggregation/flunder-server.testing.ts'

const port = 8080
const [mode = '', argument = '{}'] = process.argv.slice(2)

process.on('SIGTERM', () => process.exit(0))

/**
 * grpc.health.v1 after its own .proto file. The argument gives each service the statuses of its checks in turn, as JSON; the last one stays. Other
 * services are NOT_FOUND, as the protocol asks.
 */
function health(): void {
  const services = new Map(Object.entries(JSON.parse(argument) as Record<string, string[]>))
  const protocol = fromJSON({
    nested: {
      grpc: {
        nested: {
          health: {
            nested: {
              v1: {
                nested: {
                  HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
                  HealthCheckResponse: {
                    fields: { status: { type: 'ServingStatus', id: 1 } },
                    nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
                  },
                  Health: { methods: { Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' } } },
                },
              },
            },
          },
        },
      },
    },
  })
  const server = new Server()
  server.addService(protocol['grpc.health.v1.Health'] as ServiceDefinition, {
    Check: ({ request }: { request: { service?: string } }, done: sendUnaryData<{ status: string }>) => {
      const statuses = services.get(request.service ?? '')
      const [now] = statuses ?? []
      if (statuses !== undefined && statuses.length > 1) statuses.shift()
      if (now === undefined) done({ code: status.NOT_FOUND, details: 'unknown service' })
      else done(null, { status: now })
    },
  })
  listen(server)
}

function listen(server: Server): void {
  server.bindAsync(`0.0.0.0:${port}`, ServerCredentials.createInsecure(), err => {
    if (err) throw err
  })
}

/** Returns what it received; `/redirect` leads to `/`, and every WebSocket echoes. */
function web(): void {
  const server = createHttpServer((request, response) => {
    if (request.url === '/redirect') return response.writeHead(302, { location: '/landed' }).end()
    let body = ''
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk
    })
    request.once('end', () => {
      const { method, url, headers } = request
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method, url, headers, body }))
    })
  })
  new WebSocketServer({ server }).on('connection', socket => socket.on('message', data => socket.send(`echo ${data}`)))
  server.listen(port)
}

// biome-ignore lint/suspicious/noExplicitAny: reviews of any shape
type Review = any

/** `spec.size` of v1 is `spec.length` of v2. */
function convert(object: Review, apiVersion: string): Review {
  const { size, length = size, ...spec } = object.spec ?? {}
  return { ...object, apiVersion, spec: { ...spec, [apiVersion.endsWith('/v2') ? 'length' : 'size']: length } }
}

const reviews: Readonly<Record<string, (request: Review) => object>> = {
  '/check': ({ object }) => {
    const allowed = object?.metadata?.labels?.bad === undefined
    return allowed ? { allowed } : { allowed, status: { code: 403, message: 'nothing bad comes in here' } }
  },
  '/convert': ({ objects, desiredAPIVersion }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map((object: Review) => convert(object, desiredAPIVersion)),
  }),
}

function answer(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** The user that the front proxy names; undefined if the caller is another one. */
function userOf({ socket, headers }: IncomingMessage): string | undefined {
  return (socket as TLSSocket).authorized ? String(headers['x-remote-user']) : undefined
}

/** Webhooks and an aggregated API. Its certificate, key and the front proxy's authority are mounted at /tls and /front-proxy. */
function extension(): void {
  const flunder = flunderServer()
  const ca = readFileSync('/front-proxy/requestheader-client-ca-file')
  const [cert, key] = [readFileSync('/tls/tls.crt'), readFileSync('/tls/tls.key')]
  createHttpsServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'https://pod')
    const review = reviews[pathname]
    if (pathname === '/healthz') return void response.end('ok')
    if (review === undefined) {
      const user = userOf(request)
      if (user === undefined) return void response.writeHead(401).end()
      if (pathname !== `${flunders}/whoami`) return flunder(request, response)
      return answer(response, { apiVersion: `${group}/v1`, kind: 'Flunder', metadata: { name: 'whoami' }, spec: { purpose: user } })
    }
    let body = ''
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk
    })
    request.once('end', () => {
      const { apiVersion, kind, request: question } = JSON.parse(body)
      answer(response, { apiVersion, kind, response: { uid: question.uid, ...review(question) } })
    })
  }).listen(port)
}

const modes: Readonly<Record<string, () => void>> = {
  extension,
  health,
  web,
  'other-grpc': () => listen(new Server()),
  tcp: () => createServer(socket => socket.resume()).listen(port),
  idle: () => setInterval(() => undefined, 1 << 30),
}

modes[mode]?.()
