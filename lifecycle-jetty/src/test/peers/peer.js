// One WebSocket client: npm's ws. Arguments: URL, mode, bytes per second for the mode "slow".
// Prints "open", then "closed <code> <queued> <bytes> <reason>".
import WebSocket from 'ws';

const [url, mode, rate] = process.argv.slice(2);
const flood = 'f' + 'x'.repeat(999);
const socket = new WebSocket(url);
let queued = 0;
let bytes = 0;
let start = 0;

const send = () => {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(flood, send);
  }
};

socket.on('open', () => {
  start = performance.now();
  console.log('open');
  if (mode === 'floods') {
    send();
  }
});
socket.on('message', (data) => {
  bytes += data.length;
  if (data[0] === 'q'.charCodeAt(0)) {
    queued++;
  }
  const ahead = (bytes / Number(rate)) * 1000 - (performance.now() - start);
  if (mode === 'slow' && ahead > 1) {
    socket.pause();
    setTimeout(() => socket.resume(), ahead);
  }
});
socket.on('error', (error) => console.error(error.message));
socket.on('close', (code, reason) => {
  console.log(`closed ${code} ${queued} ${bytes} ${reason}`);
});
