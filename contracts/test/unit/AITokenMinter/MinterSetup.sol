// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AIToken} from "../../../src/compute/AIToken.sol";
import {AITokenMinter} from "../../../src/compute/AITokenMinter.sol";
import {IAIToken, IAITokenMinter} from "../../../src/interfaces/IAITokenMinter.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {ReceiptHash} from "../../../src/libraries/ReceiptHash.sol";
import {Receipt, SumNode, UsageLine} from "../../../src/libraries/ReceiptTypes.sol";
import {Test} from "../../support/Test.sol";
import {TokensGovernorDouble} from "../../support/doubles/TokensGovernorDouble.sol";
import {TokensReceiptsDouble} from "../../support/doubles/TokensReceiptsDouble.sol";
import {TokensRegistryDouble} from "../../support/doubles/TokensRegistryDouble.sol";
import {TokensTreasuryDouble} from "../../support/doubles/TokensTreasuryDouble.sol";

/// @notice A minter, its token, and one provider with a lane that mints per receipt.
abstract contract MinterSetup is Test {
    uint64 internal constant WEEK = 604_800;
    uint64 internal constant EPOCH = 2_930;
    uint256 internal constant RATE = 1e12;
    bytes32 internal constant PROVIDER = keccak256("provider");
    bytes32 internal constant LANE = keccak256("lane");

    TokensGovernorDouble internal governor = new TokensGovernorDouble();
    TokensReceiptsDouble internal receipts = new TokensReceiptsDouble();
    TokensRegistryDouble internal registry = new TokensRegistryDouble();
    TokensTreasuryDouble internal treasury = new TokensTreasuryDouble();
    AIToken internal token;
    AITokenMinter internal minter;
    address internal operator;
    address internal payout;
    SumNode[] internal noPath;

    function setUp() public virtual {
        vm.warp(uint256(EPOCH) * WEEK + 1000);
        // Who mints first while an epoch runs is the provider: here the test itself.
        operator = address(this);
        payout = named("payout");
        // The token is made first and knows where the minter will be, as with a deployer that can predict.
        token = new AIToken(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1));
        minter = new AITokenMinter(
            IAIToken(address(token)),
            IUsageReceipts(address(receipts)),
            ISettlementTreasury(address(treasury)),
            IProviderRegistry(address(registry)),
            IParamGovernor(address(governor))
        );
        assertEq(token.minter(), address(minter), "the token's minter");
        governor.set(Params.MINT_RATE, RATE);
        governor.set(Params.MINT_EPOCH_CAP, 1_000_000e18);
        registry.setProvider(PROVIDER, operator, payout);
        receipts.setLane(LANE, PROVIDER, true);
    }

    function declare(IAITokenMinter.Mode mode) internal {
        vm.prank(operator);
        minter.declareMode(PROVIDER, mode);
    }

    /// A receipt that may mint: metered, live, of the provider's own lane, ended in the current epoch.
    function receiptOf(uint64 seq, uint128 amount) internal view returns (Receipt memory receipt) {
        receipt.kind = 1;
        receipt.callId = keccak256(abi.encode("call", seq));
        receipt.attempt = 1;
        receipt.providerId = PROVIDER;
        receipt.laneId = LANE;
        receipt.seq = seq;
        receipt.endedAt = uint64(block.timestamp) * 1000;
        receipt.lines = new UsageLine[](1);
        receipt.lines[0] = UsageLine(5, 10, amount);
        receipt.amount = amount;
    }

    /// Puts the receipt into a final batch that begins at `seqFrom`.
    function finalReceipt(Receipt memory receipt, uint64 seqFrom) internal returns (bytes32 receiptHash) {
        receiptHash = this.hashOf(receipt);
        receipts.include(receipt.laneId, seqFrom, receiptHash, receipt.amount, uint32(receipt.seq - seqFrom));
        receipts.setState(receipt.laneId, seqFrom, IUsageReceipts.State.Final);
    }

    function hashOf(Receipt calldata receipt) external pure returns (bytes32) {
        return ReceiptHash.hash(receipt);
    }
}
