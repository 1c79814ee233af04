import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * DynamoDB Local on the loopback address alone: its own main class listens on every interface.
 *
 * <p>{@code LoopbackDynamoDb PORT [FOLDER]}: port 0 takes a free one; the line "listening PORT" tells which. Tables
 * live in memory, or in FOLDER, where they outlast a restart.
 */
public final class LoopbackDynamoDb {

    private LoopbackDynamoDb() {}

    public static void main(String[] arguments) throws Exception {
        String folder = arguments.length > 1 ? arguments[1] : null;
        boolean inMemory = folder == null;
        boolean oneDatabaseForAllKeysAndRegions = true;
        boolean slowTableStates = false;
        var tables = new LocalDynamoDBRequestHandler(
                0, inMemory, folder, oneDatabaseForAllKeysAndRegions, slowTableStates);

        var server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
        server.setHandler(new LocalDynamoDBServerHandler(tables, null));
        server.start();
        System.out.println("listening " + ((ServerConnector) server.getConnectors()[0]).getLocalPort());
        server.join();
    }
}
