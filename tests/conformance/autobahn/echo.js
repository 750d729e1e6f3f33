// Echoes every message as it came, compressed where the client offers it. Usage: echo.js PORT
"use strict";

const { WebSocketServer } = require("ws");

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  maxPayload: 64 * 1024 * 1024,
  perMessageDeflate: true,
});
server.on("connection", (socket) => {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
  // A protocol error is what many cases provoke; the library closes with the right code.
  socket.on("error", () => {});
});
