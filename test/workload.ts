// The program inside of the test image: real servers for probes and proxies to meet. Its first argument says which; it listens on port 8080.
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js'
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader'
import { WebSocketServer } from 'ws'

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

/** Says what it got; `/redirect` leads to `/`, and every WebSocket echoes. */
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

const modes: Readonly<Record<string, () => void>> = {
  health,
  web,
  'other-grpc': () => listen(new Server()),
  tcp: () => createServer(socket => socket.resume()).listen(port),
  idle: () => setInterval(() => undefined, 1 << 30),
}

modes[mode]?.()
