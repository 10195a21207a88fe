// What we use of node:http, got without its face for ES modules: that one reads every export, and WebSocket and its events load the whole of undici,
// 6 MB in each process and a good part of the start of a short command.
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
