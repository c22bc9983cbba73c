package io.featuremart.embulk.bigquery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.cloud.NoCredentials;
import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryOptions;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** A server that keeps BigQuery's rules on the ids of jobs, and misbehaves as it is told. */
final class FakeBigQuery implements AutoCloseable {
    /** How a job that is sent turns out. */
    enum Outcome {
        /** It runs for a while and is done. */
        DONE,
        /** It is taken, but the answer never arrives. */
        ANSWER_LOST,
        /** It is taken, fails, and may be tried again. */
        BACKEND_ERROR,
        /** It is taken and fails for good. */
        INVALID
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LOOKS_UNTIL_DONE = 2;

    private final HttpServer server;
    private final Deque<Outcome> outcomes;
    private final Map<String, Outcome> jobs = new HashMap<>();
    private final Map<String, Integer> looks = new HashMap<>();
    private final List<String> sent = new ArrayList<>();
    private int unknownLooks;

    FakeBigQuery(final Outcome... outcomes) throws IOException {
        this.outcomes = new ArrayDeque<>(List.of(outcomes));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    BigQuery client() {
        return BigQueryOptions.newBuilder()
                .setProjectId("p")
                .setHost("http://127.0.0.1:" + server.getAddress().getPort())
                .setCredentials(NoCredentials.getInstance())
                .build()
                .getService();
    }

    /** Lets a job exist that somebody else has sent. */
    void know(final String id, final Outcome outcome) {
        jobs.put(id, outcome);
    }

    /** Lets so many looks at any job say that there is none. */
    void forgetFor(final int count) {
        unknownLooks = count;
    }

    /** Returns the ids of the jobs that were sent, in order, sent again or not. */
    List<String> sent() {
        return sent;
    }

    private synchronized void answer(final HttpExchange exchange) throws IOException {
        if ("POST".equals(exchange.getRequestMethod())) {
            take(exchange);
        } else {
            final String path = exchange.getRequestURI().getPath();
            look(exchange, path.substring(path.lastIndexOf('/') + 1));
        }
    }

    private void take(final HttpExchange exchange) throws IOException {
        final JsonNode body = JSON.readTree(new GZIPInputStream(exchange.getRequestBody()));
        final String id = body.path("jobReference").path("jobId").asText();
        sent.add(id);
        if (jobs.containsKey(id)) {
            send(exchange, 409, error(409, "duplicate", "Already Exists: Job p:US." + id));
            return;
        }
        final Outcome outcome = outcomes.pop();
        jobs.put(id, outcome);
        if (outcome == Outcome.ANSWER_LOST) {
            exchange.close();
        } else {
            send(exchange, 200, job(id, "RUNNING"));
        }
    }

    private void look(final HttpExchange exchange, final String id) throws IOException {
        if (!jobs.containsKey(id) || unknownLooks-- > 0) {
            send(exchange, 404, error(404, "notFound", "Not found: Job " + id));
        } else {
            final boolean done = looks.merge(id, 1, Integer::sum) >= LOOKS_UNTIL_DONE;
            send(exchange, 200, job(id, done ? "DONE" : "RUNNING"));
        }
    }

    private ObjectNode job(final String id, final String state) {
        final ObjectNode job = JSON.createObjectNode();
        job.putObject("jobReference").put("projectId", "p").put("jobId", id).put("location", "US");
        job.putObject("configuration").putObject("query").put("query", "SELECT 1");
        final ObjectNode status = job.putObject("status").put("state", state);
        if ("DONE".equals(state) && jobs.get(id) == Outcome.BACKEND_ERROR) {
            status.putObject("errorResult").put("reason", "backendError").put("message", "try again");
        }
        if ("DONE".equals(state) && jobs.get(id) == Outcome.INVALID) {
            status.putObject("errorResult").put("reason", "invalidQuery").put("message", "no column carier");
        }
        job.putObject("statistics").put("creationTime", "1").put("startTime", "1");
        return job;
    }

    private static ObjectNode error(final int code, final String reason, final String message) {
        final ObjectNode document = JSON.createObjectNode();
        final ObjectNode error = document.putObject("error").put("code", code).put("message", message);
        error.putArray("errors").addObject().put("reason", reason).put("message", message);
        return document;
    }

    private static void send(final HttpExchange exchange, final int status, final ObjectNode body) throws IOException {
        final byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
