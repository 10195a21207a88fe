// The protocol of CSI for a gRPC client or server.
import type { ProtocolTable } from '../grpc/descriptor.ts'
import { csiEnums, csiMessages } from './csi-messages.ts'
import { csiMethods } from './csi-methods.ts'

export const csiTable: ProtocolTable = { packageName: 'csi.v1', messages: csiMessages, enums: csiEnums, methods: csiMethods }
