// A CSI server on a unix socket whose answers a test decides, over real gRPC.
import { rm } from 'node:fs/promises'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import type { ProtocolTable } from '../grpc/descriptor.ts'
import { loadServices, serviceOf } from '../grpc/unary-client.ts'
import { type CsiCode, grpcCodes } from './csi-error.ts'
import type { CsiMethod } from './csi-methods.ts'
import { csiMethods } from './csi-methods.ts'
import { csiTable } from './csi-table.ts'

/** A handler throws it to answer with a code. */
export class Refusal extends Error {
  readonly code: CsiCode
  constructor(code: CsiCode, details: string) {
    super(details)
    this.code = code
  }
}

/** Answers a call; a rejection becomes its code. `signal` ends with the client's call. */
export type AnswerCall<M extends string = CsiMethod> = (method: M, request: unknown, signal: AbortSignal) => Promise<object>

export function serveCsi(socket: string, answer: AnswerCall): Promise<AsyncDisposable> {
  return serveTable(csiTable, socket, (method, request, signal) => answer(isMethod(method), request, signal))
}

function isMethod(name: string): CsiMethod {
  const found = Object.keys(csiMethods).find(method => method === name)
  if (found === undefined) throw new Error(`no method ${name}`)
  return found as CsiMethod
}

/** Serves all services of a table. */
export async function serveTable(table: ProtocolTable, socket: string, answer: AnswerCall<string>): Promise<AsyncDisposable> {
  await rm(socket, { force: true })
  const server = new Server()
  const services = loadServices(table)
  const handler = (method: string) => (call: ServerUnaryCall<unknown, object>, done: sendUnaryData<object>) => {
    const cancelled = new AbortController()
    call.on('cancelled', () => cancelled.abort(new Error('the client has cancelled')))
    answer(method, call.request, cancelled.signal).then(
      message => done(null, message),
      (err: unknown) => {
        const code = err instanceof Refusal ? grpcCodes.indexOf(err.code) : 13
        done({ code, details: err instanceof Error ? err.message : String(err) })
      },
    )
  }
  for (const service of new Set(Object.values(table.methods).map(([name]) => name))) {
    const definition = serviceOf(services, `${table.packageName}.${service}`)
    server.addService(definition, Object.fromEntries(Object.keys(definition).map(method => [method, handler(method)])))
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), err => (err ? reject(err) : resolve())),
  )
  return {
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
      await rm(socket, { force: true })
    },
  }
}
