// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../src/interfaces/IQuorumVerifier.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {Params} from "../../src/libraries/Params.sol";
import {EcdsaScheme} from "../../src/quorum/EcdsaScheme.sol";
import {QuorumVerifier} from "../../src/quorum/QuorumVerifier.sol";
import {Test} from "../support/Test.sol";
import {QuorumGovernorDouble} from "../support/doubles/QuorumGovernorDouble.sol";
import {QuorumStakesDouble} from "../support/doubles/QuorumStakesDouble.sol";

/// @notice Eight operators who change their keys, rotations among them, changing overlaps, time, and proofs by any members.
contract QuorumHandler is Test {
    uint256 private constant OPERATORS = 8;
    EcdsaScheme public immutable SCHEME = new EcdsaScheme();
    QuorumVerifier public immutable VERIFIER;
    QuorumGovernorDouble private immutable PARAMS = new QuorumGovernorDouble();
    QuorumStakesDouble private immutable STAKES = new QuorumStakesDouble();

    address[] private _operators;
    mapping(address => uint256) private _secret;
    uint256 private _nextSecret = 1;

    // The ghost ledger: what each set was opened with and how long it was to last.
    uint256[5][] public secretsOf;
    uint64[] public endOf;
    uint256[] public struckOf;
    mapping(uint256 => address[5]) private _set;
    uint256 public accepted;
    uint256 public refused;
    bool public wrong;

    constructor() {
        AccessManager manager = new AccessManager(address(this));
        VERIFIER = new QuorumVerifier(address(manager), IParamGovernor(address(PARAMS)), IStakeManager(address(STAKES)));
        VERIFIER.admitScheme(address(SCHEME), true);
        for (uint256 i = 0; i < OPERATORS; ++i) {
            _operators.push(named(string.concat("operator ", vm.toString(i))));
            STAKES.stakeOracle(_operators[i], true);
            _register(i);
        }
        secretsOf.push();
        endOf.push(1);
        struckOf.push(0);
        rotate(0, 1 hours);
    }

    function register(uint256 seed) external {
        _register(bound(seed, 0, OPERATORS - 1));
    }

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 2 hours));
    }

    function rotate(uint256 seed, uint256 overlap) public {
        overlap = bound(overlap, 0, 24 hours);
        PARAMS.set(Params.EPOCH_OVERLAP, overlap);
        address[5] memory five;
        uint256[5] memory secrets;
        uint256 first = bound(seed, 0, OPERATORS - 1);
        for (uint256 i = 0; i < 5; ++i) {
            five[i] = _operators[(first + i) % OPERATORS];
            STAKES.stakeOracle(five[i], true);
            secrets[i] = _secret[five[i]];
        }
        uint64 before = VERIFIER.currentEpoch();
        VERIFIER.rotate(address(SCHEME), five);
        secretsOf.push(secrets);
        endOf.push(0);
        struckOf.push(0);
        _set[before + 1] = five;
        // forge-lint: disable-next-line(unsafe-typecast)
        if (before > 0) endOf[before] = uint64(block.timestamp) + uint64(overlap);
        if (before > 1 && endOf[before - 1] > block.timestamp) endOf[before - 1] = uint64(block.timestamp);
    }

    function stake(uint256 seed, bool staked) external {
        STAKES.stakeOracle(_operators[bound(seed, 0, OPERATORS - 1)], staked);
    }

    function review(uint256 seed) external {
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 epoch = uint64(bound(seed, 1, VERIFIER.currentEpoch()));
        uint256 struck;
        for (uint256 i = 0; i < 5; ++i) {
            if (!STAKES.oracleStaked(_set[epoch][i])) struck += 2 ** i;
        }
        VERIFIER.review(epoch);
        struckOf[epoch] = struck;
    }

    /// Any members of any set sign; the answer must be what the ghost ledger says.
    function verify(uint256 seed, uint256 mask, bytes32 digest) external {
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 epoch = uint64(bound(seed, 1, VERIFIER.currentEpoch()));
        mask = bound(mask, 1, 31);
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory proof = abi.encodePacked(uint8(mask));
        uint256 signers;
        uint256 counted;
        for (uint256 i = 0; i < 5; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            if ((struckOf[epoch] >> i) & 1 == 0) ++counted;
            proof = abi.encodePacked(proof, signed(secretsOf[epoch][i], digest));
            ++signers;
        }
        bool lasts = endOf[epoch] == 0 || block.timestamp < endOf[epoch];
        (bool now_,) = address(VERIFIER).staticcall(abi.encodeCall(VERIFIER.verify, (digest, epoch, proof)));
        (bool ever,) = address(VERIFIER).staticcall(abi.encodeCall(VERIFIER.verifyAt, (digest, epoch, proof)));
        if (now_ != (counted >= 3 && lasts) || ever != (signers >= 3)) wrong = true;
        if (now_) ++accepted;
        else ++refused;
    }

    function sets() external view returns (uint256) {
        return endOf.length - 1;
    }

    function _register(uint256 i) private {
        uint256 secret = _nextSecret++;
        address key = vm.addr(secret);
        _secret[_operators[i]] = secret;
        bytes memory possession = signed(secret, SCHEME.possessionDigest(_operators[i], key));
        vm.prank(_operators[i]);
        VERIFIER.registerKey(address(SCHEME), abi.encodePacked(key), possession);
    }
}

contract QuorumInvariantTest is Test {
    QuorumHandler private handler;
    QuorumVerifier private verifier;

    function setUp() public {
        vm.warp(1_767_225_600);
        handler = new QuorumHandler();
        verifier = handler.VERIFIER();
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = QuorumHandler.register.selector;
        selectors[1] = QuorumHandler.wait.selector;
        selectors[2] = QuorumHandler.rotate.selector;
        selectors[3] = QuorumHandler.verify.selector;
        selectors[4] = QuorumHandler.stake.selector;
        selectors[5] = QuorumHandler.review.selector;
        _targetContract(address(handler));
        _targetSelectors(address(handler), selectors);
    }

    /// A proof counts exactly if three members of a set that lasts signed it who were not struck, with the keys that they had when it was opened.
    function invariant_proofsAreWhatTheLedgerSays() public view {
        assertTrue(!handler.wrong(), "an answer was not the ledger's");
    }

    /// At most the current set and the one before it are valid, and ends are as they were set.
    function invariant_atMostTwoSetsAreValid() public view {
        uint64 current = verifier.currentEpoch();
        assertEq(current, handler.sets(), "epochs count rotations");
        for (uint64 epoch = 1; epoch <= current; ++epoch) {
            IQuorumVerifier.Epoch memory set = verifier.epochOf(epoch);
            assertEq(set.validUntil, handler.endOf(epoch), "end");
            assertTrue((set.validUntil == 0) == (epoch == current), "only the current set is open");
            if (epoch + 1 < current) assertLe(set.validUntil, block.timestamp, "older sets are over");
        }
    }

    function afterInvariant() public view {
        assertGe(handler.accepted() + handler.refused() + handler.sets(), 1, "something happened");
    }
}
