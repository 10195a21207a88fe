// The used parts of node:http, loaded without its ES module facade: that reads every export, and WebSocket and its events load all of
// undici, 6 MB in each process and a large part of a short command's start.
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
