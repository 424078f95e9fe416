// OpenAI's chat completions over a real model, one after the other: node smollm2_server.mjs PORT GGUF
// It streams, and knows of no tools. GET /stats says how many it answered, and how many were left midway.
import http from 'node:http';
import {getLlama, LlamaChatSession} from 'node-llama-cpp';

const [port, modelPath] = process.argv.slice(2);
const llama = await getLlama({build: 'never', gpu: false, progressLogs: false});
const model = await llama.loadModel({modelPath});
const stats = {done: 0, left: 0};
let busy = Promise.resolve();

async function answer(asked, response) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const context = await model.createContext({contextSize: 2048, threads: 2});
  const [system, ...said] = asked.messages;
  const session = new LlamaChatSession({
    contextSequence: context.getSequence(), systemPrompt: system.content,
  });
  const past = said.slice(0, -1).map(({role, content}) => role === 'user'
    ? {type: 'user', text: content} : {type: 'model', response: [content]});
  session.setChatHistory([...session.getChatHistory(), ...past]);
  const about = {id: '1', object: 'chat.completion.chunk', created: 1, model: asked.model};
  const write = more => response.write(`data: ${JSON.stringify({...about, ...more})}\n\n`);
  const choice = (delta, finish_reason = null) => ({choices: [{index: 0, delta, finish_reason}]});
  let written = 0;
  response.writeHead(200, {'Content-Type': 'text/event-stream'});
  try {
    await session.prompt(said.at(-1).content, {
      maxTokens: asked.max_completion_tokens ?? asked.max_tokens, temperature: 0, signal: gone.signal,
      onTextChunk: content => { written++; write(choice({content})); },
    });
    const read = model.tokenize(JSON.stringify(asked.messages)).length;
    write(choice({}, 'stop'));
    write({choices: [], usage: {prompt_tokens: read, completion_tokens: written, total_tokens: read + written}});
    response.end('data: [DONE]\n\n');
    stats.done++;
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    stats.left++;
  } finally {
    await context.dispose();
  }
}

http.createServer(async (request, response) => {
  if (request.url === '/stats') return response.end(JSON.stringify(stats));
  let body = '';
  for await (const part of request) body += part;
  busy = busy.then(() => answer(JSON.parse(body), response));
}).listen(Number(port), '127.0.0.1');
